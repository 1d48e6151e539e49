public import KeystoneKit

/// A prompt with variables and sections, rendered as the published Go client renders it (http-api 13.2).
///
/// The same template and variables give the same text whatever client asks.
public struct PromptTemplate: Sendable {
  /// The longest text that a template may become.
  public static let longest = 4 << 20

  private let bytes: [UInt8]

  /// A template of that text; every text is one.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// The template with sections and variables filled in.
  ///
  /// - Throws: ``InvalidRecord`` when the result would be longer than ``longest``.
  public func rendered(with variables: [String: JSONValue]) throws(InvalidRecord) -> String {
    let expanded = try expandingSections(variables)
    var result: [UInt8] = []
    try Self.expand(expanded[...], variables, into: &result)
    return String(decoding: result, as: UTF8.self)
  }

  private func expandingSections(_ variables: [String: JSONValue]) throws(InvalidRecord) -> [UInt8] {
    let sections = PromptSections(bytes)
    var result: [UInt8] = []
    var position = 0
    while let section = sections.first(from: position) {
      result += bytes[position..<section.opening.lowerBound]
      let body = bytes[section.opening.upperBound..<section.closing.lowerBound]
      try Self.expand(body, of: variables[section.name] ?? .null, variables, into: &result)
      position = section.closing.upperBound
    }
    result += bytes[position...]
    return result
  }

  /// Adds what the body of a section becomes: once per element of a list, once for what is true, else nothing.
  private static func expand(
    _ body: ArraySlice<UInt8>, of value: JSONValue, _ variables: [String: JSONValue], into result: inout [UInt8]
  ) throws(InvalidRecord) {
    switch value {
    case .array(let elements):
      for element in elements {
        var scope = variables
        scope["_it"] = element
        scope.merge(element.object ?? [:]) { _, inner in inner }
        try expand(body, scope, into: &result)
      }
    case .null, .bool(false), .string(""): return
    case .object(let members) where members.isEmpty: return
    default: try expand(body, variables, into: &result)
    }
  }

  /// Adds `text` with its variables filled in; what cannot be resolved stays as it is written.
  private static func expand(
    _ text: ArraySlice<UInt8>, _ scope: [String: JSONValue], into result: inout [UInt8]
  ) throws(InvalidRecord) {
    var rest = text
    while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
      result += rest[..<open]
      if let tag = PromptVariable(at: open, in: rest), let value = tag.value(in: scope) {
        result += GoText.of(value).utf8
        rest = rest[tag.end...]
      } else {
        result.append(rest[open])
        rest = rest[(open + 1)...]
      }
      guard result.count <= longest else {
        throw InvalidRecord("the rendered prompt is longer than \(longest) bytes; send shorter variables")
      }
    }
    result += rest
  }
}

/// A tag such as `{a}` or `{{ a.b }}`.
private struct PromptVariable {
  var path: [String]
  var end: Int

  /// The tag that begins with the brace at `start`, when there is one.
  init?(at start: Int, in text: ArraySlice<UInt8>) {
    var scanner = PromptScanner(text, at: start)
    guard scanner.take("{") else { return nil }
    _ = scanner.take("{")
    scanner.skipBlanks()
    guard let first = scanner.name() else { return nil }
    path = [first]
    while scanner.next == UInt8(ascii: ".") {
      _ = scanner.take(".")
      guard let segment = scanner.name() else { return nil }
      path.append(segment)
    }
    scanner.skipBlanks()
    guard scanner.take("}") else { return nil }
    _ = scanner.take("}")
    end = scanner.position
  }

  func value(in scope: [String: JSONValue]) -> JSONValue? {
    var value = scope[path[0]]
    for segment in path.dropFirst() { value = value?[segment] }
    return value == .null ? nil : value
  }
}

/// Reads the parts of tags from left to right.
struct PromptScanner {
  private let text: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ text: ArraySlice<UInt8>, at position: Int) {
    self.text = text
    self.position = position
  }

  var next: UInt8? { position < text.endIndex ? text[position] : nil }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  mutating func skipBlanks() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) { position += 1 }
  }

  mutating func name() -> String? {
    let start = position
    while let byte = next, Self.isName(byte) { position += 1 }
    return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
