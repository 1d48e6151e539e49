internal import CCurl

/// A URL as libcurl reads it, so that what is checked and what is connected to cannot differ.
struct URLParts: Hashable {
  let text: String
  let scheme: String
  let host: String
  let port: Int
  let writtenPort: Int?

  init(_ text: String) throws(HTTPFailure) {
    try self.init(text, relativeTo: nil)
  }

  /// The URL that a `Location` header of a response to this one names.
  func following(_ location: String) throws(HTTPFailure) -> URLParts {
    try URLParts(location, relativeTo: text)
  }

  private init(_ text: String, relativeTo base: String?) throws(HTTPFailure) {
    guard keystone_curl_is_there() else {
      throw HTTPFailure(.protocol, "The library libcurl.so.4 cannot be loaded; install the package libcurl4.")
    }
    guard let handle = curl_url() else {
      throw HTTPFailure(.protocol, "libcurl has no memory to read a URL; free memory and try again.")
    }
    defer { curl_url_cleanup(handle) }
    if let base { try Self.set(base, on: handle, shown: base) }
    try Self.set(text, on: handle, shown: text)
    let scheme = Self.get(CURLUPART_SCHEME, of: handle) ?? ""
    guard scheme == "http" || scheme == "https" else {
      throw HTTPFailure(
        .malformed, "The URL \(Self.redacted(text)) is of scheme \"\(scheme)\"; write an http or https URL.")
    }
    guard let whole = Self.get(CURLUPART_URL, of: handle), let host = Self.get(CURLUPART_HOST, of: handle),
      let port = Self.get(CURLUPART_PORT, of: handle, flags: CURLU_DEFAULT_PORT).flatMap({ Int($0) })
    else { throw Self.unreadable(text) }
    self.text = whole
    self.scheme = scheme
    self.host = Self.canonical(host)
    self.port = port
    writtenPort = Self.get(CURLUPART_PORT, of: handle).flatMap { Int($0) }
  }

  private static func set(_ text: String, on handle: OpaquePointer, shown: String) throws(HTTPFailure) {
    guard !text.utf8.contains(0), curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else {
      throw unreadable(shown)
    }
  }

  private static func get(_ part: CURLUPart, of handle: OpaquePointer, flags: Int32 = 0) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard keystone_curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  /// One spelling per host: lower case, no brackets, no final dot.
  private static func canonical(_ host: String) -> String {
    var name = host.lowercased()
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    if name.hasSuffix("."), name.count > 1 { name.removeLast() }
    return name
  }

  private static func unreadable(_ text: String) -> HTTPFailure {
    HTTPFailure(.malformed, "The URL \(redacted(text)) cannot be read; write it as https://host:port/path.")
  }

  /// The text without what may be secret in a URL: user, password, query and fragment.
  static func redacted(_ text: String) -> String {
    let visible = text.prefix { $0 != "?" && $0 != "#" }
    guard let start = visible.firstRange(of: "://")?.upperBound else { return "\"\(visible.prefix(200))\"" }
    let rest = visible[start...]
    let authority = rest.prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return "\"\(visible.prefix(200))\"" }
    return "\"\(visible[..<start])\(rest[rest.index(after: at)...].prefix(200))\""
  }

  /// The host and port as people write them.
  var authority: String {
    Origin(scheme: nil, host: host, port: port).description
  }
}
