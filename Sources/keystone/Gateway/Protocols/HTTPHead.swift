/// The first line and the header fields of an HTTP/1 message (RFC 9112).
struct HTTPHead: Hashable, Sendable {
  /// The three parts of the first line: method, target and version, or version, status and reason.
  let line: [String]
  /// The header fields in order, names in lower case.
  let fields: [(name: String, value: String)]

  /// The longest head that is read.
  static let longest = 64 << 10

  static func == (one: HTTPHead, other: HTTPHead) -> Bool {
    one.line == other.line && one.fields.elementsEqual(other.fields) { $0 == $1 }
  }

  func hash(into hasher: inout Hasher) { hasher.combine(line) }

  /// Reads a head without the empty line that ends it; `nil` when readers could disagree about what it says.
  ///
  /// Stricter than servers are: lines end with CR LF and nothing else, no line continues the one before, nothing
  /// stands between a name and its colon.
  init?(_ bytes: some Collection<UInt8>) {
    let text = Array(bytes)
    guard !text.contains(0) else { return nil }
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    while start < text.count {
      guard let end = text[start...].firstIndex(of: 10), end > start, text[end - 1] == 13,
        !text[start..<end - 1].contains(13)
      else { return nil }
      lines.append(text[start..<end - 1])
      start = end + 1
    }
    guard let first = lines.first else { return nil }
    line = first.split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    var fields: [(name: String, value: String)] = []
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: 58), colon > line.startIndex,
        line[..<colon].allSatisfy(Self.isTokenByte)
      else { return nil }
      let value = line[(colon + 1)...].drop { $0 == 32 || $0 == 9 }
      let end = value.lastIndex { $0 != 32 && $0 != 9 }.map { $0 + 1 } ?? value.startIndex
      fields.append(
        (String(decoding: line[..<colon], as: UTF8.self).lowercased(), String(decoding: value[..<end], as: UTF8.self)))
    }
    self.fields = fields
  }

  /// The values of a field, in order.
  func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// The elements of a field that is a list, in lower case.
  func list(_ name: String) -> [String] {
    values(name).flatMap { $0.split(separator: ",") }.map { trimmed($0).lowercased() }
  }

  /// How the body of a message with this head is delimited, `unsaid` where the head does not say; `nil` when two
  /// readers could disagree.
  func body(unsaid: HTTPBody) -> HTTPBody? {
    let codings = list("transfer-encoding")
    let lengths = Set(list("content-length"))
    if !codings.isEmpty {
      let isChunkedLast = codings.last == "chunked" && codings.filter { $0 == "chunked" }.count == 1
      guard lengths.isEmpty, isChunkedLast else { return nil }
      return .chunked
    }
    guard let length = lengths.first else { return unsaid }
    guard lengths.count == 1, length.count <= 18, length.utf8.allSatisfy({ (48...57).contains($0) }),
      let count = Int(length)
    else { return nil }
    return .counted(count)
  }

  /// Whether a byte may stand in a token (RFC 9110, section 5.6.2).
  static func isTokenByte(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return (97...122).contains(letter) || (48...57).contains(byte) || Array("!#$%&'*+-.^_`|~".utf8).contains(byte)
  }
}

/// How the end of a message's body is found.
enum HTTPBody: Hashable, Sendable {
  case counted(Int)
  case chunked
  case untilEnd
}

/// `text` without blanks around it.
func trimmed(_ text: some StringProtocol) -> String {
  var text = Substring(text)
  while text.first == " " || text.first == "\t" { text.removeFirst() }
  while text.last == " " || text.last == "\t" { text.removeLast() }
  return String(text)
}
