import KeystoneKit

/// An address that git may be given.
struct GitAddress: Equatable {
  /// What git is given.
  let text: String
  /// The address without user and password, for people and for the clone's own configuration.
  let shown: String
  /// User and password of an https address, which must not be shown.
  let credentials: String?

  /// Checks an address.
  ///
  /// - Throws: ``PluginError`` when it is none, or of a kind that is not allowed.
  init(_ text: String, allowsLocalFiles: Bool) throws(PluginError) {
    guard !text.isEmpty, !text.hasPrefix("-"), !text.unicodeScalars.contains(where: { $0.value <= 32 }) else {
      throw PluginError(.invalid, "`\(text)` is no address of a git repository; use https://host/path")
    }
    let isLocal = text.hasPrefix("/") || text.hasPrefix("file:///")
    if isLocal, !allowsLocalFiles {
      throw PluginError(
        .denied, "`\(text)` is a repository on this machine, which only `keystone eval run` clones; use https or ssh")
    }
    guard isLocal || Self.hasScheme(text) || Self.isShort(text) else {
      throw PluginError(
        .invalid, "`\(text)` is none of https://host/path, ssh://user@host/path and user@host:path; use one of these")
    }
    self.text = text
    let credentials = Self.credentials(of: text)
    self.credentials = credentials
    shown = credentials.map { text.replacing("\($0)@", with: "", maxReplacements: 1) } ?? text
  }

  private static func hasScheme(_ text: String) -> Bool {
    for scheme in ["https://", "ssh://"] where text.lowercased().hasPrefix(scheme) {
      let host = text.dropFirst(scheme.count)
      return !host.isEmpty && host.first != "/" && host.first != "-"
    }
    return false
  }

  /// Whether it is ssh's short form `user@host:path`, which is not the `helper::address` of a remote helper.
  private static func isShort(_ text: String) -> Bool {
    guard !text.contains("://"), let colon = text.firstIndex(of: ":") else { return false }
    let host = text[..<colon]
    let path = text[text.index(after: colon)...]
    return !host.isEmpty && !host.contains("/") && !path.isEmpty && path.first != ":"
  }

  private static func credentials(of text: String) -> String? {
    guard text.lowercased().hasPrefix("https://") else { return nil }
    let authority = text.dropFirst("https://".count).prefix { !"/?#".contains($0) }
    return authority.lastIndex(of: "@").map { String(authority[..<$0]) }
  }
}
