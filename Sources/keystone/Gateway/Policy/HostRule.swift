/// An entry of `egress.allow`: a host, or a glob that stands for the names below a domain, and a port if need be.
struct HostRule: Hashable, Sendable {
  private enum Pattern: Hashable {
    case every
    case exactly(String)
    /// `*.example.com`, kept as `.example.com`: every name below the domain, at any depth, but not the domain.
    case below(String)
  }

  private let pattern: Pattern
  private let port: Int?

  /// Reads an entry; `nil` when it is none of these forms.
  init?(_ text: String) {
    var host = text[...]
    var port: Int?
    if let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]) {
      host = text[..<colon]
      port = Int(number)
    }
    if host == "*" {
      pattern = .every
    } else if host.hasPrefix("*."), let name = HostName(String(host.dropFirst(2))) {
      pattern = .below(".\(name)")
    } else if let name = HostName(String(host)) {
      pattern = .exactly(name.text)
    } else {
      return nil
    }
    self.port = port
  }

  /// Whether the rule names the host; without a port, whether it does so for any port.
  func covers(_ host: HostName, port wanted: Int?) -> Bool {
    if let port, let wanted, port != wanted { return false }
    return switch pattern {
    case .every: true
    case .exactly(let name): name == host.text
    case .below(let end): host.text.hasSuffix(end)
    }
  }
}
