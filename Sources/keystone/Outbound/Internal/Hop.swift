/// One exchange with one server: a request, or what a redirect made of it.
struct Hop: Sendable {
  var method: String
  var url: URLParts
  var headers: [(name: String, value: String)]
  var body: [UInt8]
  var milliseconds: Int
  var maximumResponseBytes: Int
  var demandsPublicAddress: Bool
  /// The Unix socket that is connected to instead of the host.
  var entrance: String?
  /// The authorities that are trusted instead of the client's.
  var authorities: [UInt8] = []

  /// Headers that say nothing about the sender and may go along to another origin.
  private static let impersonal: Set<String> = [
    "accept", "accept-encoding", "accept-language", "content-type", "user-agent",
  ]

  /// Headers that libcurl computes; a second voice on them would allow request smuggling.
  private static let computed: Set<String> = ["content-length", "transfer-encoding", "expect", "connection"]

  init(_ request: HTTPRequest, url: URLParts) throws(HTTPFailure) {
    guard Self.isToken(request.method) else {
      throw HTTPFailure(.malformed, "The method of a request is one word such as GET or POST; correct it.")
    }
    for header in request.headers where !Self.isToken(header.name) || !Self.isLine(header.value) {
      let name = Self.isToken(header.name) ? header.name : "with an unreadable name"
      throw HTTPFailure(
        .malformed, "The header \(name) of the request to \(url.authority) has a line break or a bad name; correct it.")
    }
    method = request.method
    self.url = url
    headers = request.headers.filter { !Self.computed.contains($0.name.lowercased()) }
    body = request.body
    milliseconds = 0
    maximumResponseBytes = request.maximumResponseBytes
    demandsPublicAddress = true
  }

  /// What a redirect with `status` to `target` makes of the request, as the fetch standard says.
  ///
  /// To another origin goes no header that may hold a credential, under whatever name.
  func redirected(status: Int, to target: URLParts) -> Hop {
    var next = self
    next.url = target
    let becomesGet = status == 303 ? method != "HEAD" : status < 307 && method == "POST"
    if becomesGet {
      next.method = "GET"
      next.body = []
      next.headers.removeAll { $0.name.lowercased() == "content-type" }
    }
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port) {
      next.headers.removeAll { !Self.impersonal.contains($0.name.lowercased()) }
    }
    return next
  }

  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default:
          "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  private static func isLine(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == 9 || ($0 >= 32 && $0 != 127) }
  }
}
