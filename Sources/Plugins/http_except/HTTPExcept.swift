public import KeystoneKit

/// Forbids HTTP requests to hosts that are not named, and attempts at them that the network policy ended.
struct HTTPExcept: ForbiddenRule {
  struct Parameters: ShorthandParameterSet {
    @Parameter(
      "Services and hosts that may be asked, with `*.` for the names below a domain; none forbids every request.",
      examples: [["payment-api", "*.example.com"]])
    var hosts: [String]

    init() {}
    init(shorthand: [String]) { hosts = shorthand }
  }

  static let type = "http_except"
  static let summary = "Forbids HTTP requests to other hosts: `http_except: [payment-api, smtp]`."
  static let sources: [AuditSource] = [.http]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    parameters.hosts.enumerated().compactMap { index, host in
      guard host.isEmpty || host.contains("/") || host.contains(" ") else { return nil }
      return .init(
        path: "$.hosts[\(index)]", message: "`\(host)` is no service or host; write it without scheme and path")
    }
  }

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    let allowed = parameters.hosts.map(AllowedHost.init)
    let list = parameters.hosts.isEmpty ? "no host" : parameters.hosts.joined(separator: ", ")
    return try await context.audit(["http_call", "connection", "dns_query"]).compactMap { record in
      let call = record.event == "http_call" ? Call(record) : Call(refused: record)
      guard let call, !allowed.contains(where: { $0.covers(call) }) else { return nil }
      return Violation(
        "the agent asked \(call.description), which is outside of \(list) (record \(record.sequence))",
        record: record.sequence)
    }
  }
}

/// A request, or an attempt at one, as the audit log has it.
struct Call {
  let host: String
  /// The port; `nil` where only the name of the host was asked for.
  let port: Int?
  /// The mock service that answered.
  let service: String?
  let description: String

  /// Reads a record; `nil` for the sandbox's own API, which is no other host, and for what the host asked itself.
  init?(_ record: AuditRecord) {
    let data = record.data
    guard record.actor != "host", data["destination"]?.string != "keystone", let host = data["host"]?.string
    else { return nil }
    self.host = host.lowercased()
    port = data["port"]?.int.flatMap { Int(exactly: $0) } ?? 0
    service = data["destination"]?.string.flatMap { text in
      text.hasPrefix("mock:") ? String(text.dropFirst("mock:".count)) : nil
    }
    let method = data["method"]?.string.map { "\($0) " } ?? ""
    let denied = data["decision"]?.string == "denied" ? " and was refused" : ""
    description =
      "\(method)\(data["scheme"]?.string ?? "http")://\(host):\(port ?? 0)\(data["path"]?.string ?? "")\(denied)"
  }

  /// Reads a refused connection or question for a name, with which a request ended before it was one; `nil` for any other
  /// record, and for names that no request is made to: those of one label, of addresses and of service records.
  init?(refused record: AuditRecord) {
    let data = record.data
    guard record.actor != "host", data["decision"]?.string == "denied",
      let host = (data["host"] ?? data["name"])?.string?.lowercased(), Self.isAsked(host)
    else { return nil }
    self.host = host
    port = data["port"]?.int.flatMap { Int(exactly: $0) }
    service = nil
    description = port.map { "\(host):\($0) and was refused" } ?? "for the name \(host) and was refused"
  }

  private static func isAsked(_ host: String) -> Bool {
    host.contains(".") && !host.hasPrefix("_") && !host.hasSuffix(".in-addr.arpa") && !host.hasSuffix(".ip6.arpa")
  }
}

/// A host that may be asked.
struct AllowedHost {
  private let pattern: String
  private let port: Int?

  init(_ text: String) {
    let parts = text.lowercased().split(separator: ":", maxSplits: 1).map(String.init)
    pattern = parts.first ?? ""
    port = parts.count > 1 ? Int(parts[1]) : nil
  }

  /// A service covers every name that leads to it.
  func covers(_ call: Call) -> Bool {
    if let port, let asked = call.port, port != asked { return false }
    if pattern == "*" || pattern == call.host || pattern == call.service { return true }
    if let service = call.service, pattern == "\(service).services.internal" { return true }
    return pattern.hasPrefix("*.") && call.host.hasSuffix(pattern.dropFirst())
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("http_except", version: "1.0.0", HTTPExcept.self).export(to: host)
}
