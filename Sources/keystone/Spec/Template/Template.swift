/// Text with references such as `{{ secrets.DB_PASSWORD }}` or `{{ matrix.model }}`.
///
/// Only references into a known scope count; every other `{{ … }}` is ordinary text, since prompts and files may well
/// contain the templates of other tools. A backslash before `{{` makes a reference ordinary text.
public struct Template: Sendable, Hashable {
  /// The scopes that references may begin with.
  public static let scopes = ["task", "secrets", "matrix", "parameters", "dataset"]

  enum Part: Sendable, Hashable {
    case text(String)
    case reference(String)
  }

  let parts: [Part]
  /// What stands in braces and looks like a reference into an unknown scope.
  let strangers: [String]

  /// Finds the references in `text`.
  public init(_ text: String) {
    var reader = TemplateReader(text)
    parts = reader.parts()
    strangers = reader.strangers
  }

  /// The references in order of appearance, such as `secrets.DB_PASSWORD`; repeated ones are repeated.
  public var references: [String] {
    parts.compactMap { part in
      if case .reference(let name) = part { return name }
      return nil
    }
  }

  /// The reference, when the text consists of nothing else.
  public var soleReference: String? {
    guard parts.count == 1, case .reference(let name) = parts[0] else { return nil }
    return name
  }

  /// The text with every reference replaced by what `lookup` answers for it.
  ///
  /// - Parameter lookup: The value of a reference such as `secrets.DB_PASSWORD`; `nil` when it has none.
  /// - Returns: The text without references.
  /// - Throws: ``TemplateError`` for a reference without a value, and what `lookup` throws.
  public func render(_ lookup: (String) throws -> String?) throws -> String {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .reference(let name):
        guard let value = try lookup(name) else { throw TemplateError(reference: name) }
        result += value
      }
    }
    return result
  }
}

/// A template refers to something that has no value.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The reference without braces, such as `matrix.model`.
  public var reference: String

  /// One sentence that names the reference.
  public var description: String {
    "The template `{{ \(reference) }}` has no value here; declare it in the spec or remove the reference."
  }
}

/// Takes a template apart.
private struct TemplateReader {
  private let bytes: [UInt8]
  private var found: [Template.Part] = []
  private var literal: [UInt8] = []
  private(set) var strangers: [String] = []

  /// The longest text between braces that is looked at, which keeps hostile input linear.
  private static let longest = 256

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func parts() -> [Template.Part] {
    var index = 0
    while index < bytes.count {
      let isEscaped = bytes[index] == UInt8(ascii: "\\")
      if let (name, end) = reference(at: isEscaped ? index + 1 : index) {
        if isEscaped {
          literal += bytes[(index + 1)..<end]
        } else {
          flush()
          found.append(.reference(name))
        }
        index = end
      } else {
        literal.append(bytes[index])
        index += 1
      }
    }
    flush()
    return found
  }

  private mutating func flush() {
    guard !literal.isEmpty else { return }
    found.append(.text(String(decoding: literal, as: UTF8.self)))
    literal = []
  }

  /// The reference whose braces open at `index`, and the offset behind its closing braces.
  private mutating func reference(at index: Int) -> (name: String, end: Int)? {
    guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "{"), bytes[index + 1] == UInt8(ascii: "{") else {
      return nil
    }
    let inner = bytes[(index + 2)...].prefix(Self.longest).prefix { Self.isNameByte($0) || $0 == 0x20 || $0 == 0x2E }
    let close = inner.endIndex
    guard close + 1 < bytes.count, bytes[close] == UInt8(ascii: "}"), bytes[close + 1] == UInt8(ascii: "}") else {
      return nil
    }
    let name = String(decoding: inner, as: UTF8.self).trimmingBlanks()
    let segments = name.split(separator: ".", omittingEmptySubsequences: false)
    guard segments.count > 1, segments.allSatisfy(Self.isName) else { return nil }
    guard Template.scopes.contains(String(segments[0])) else {
      strangers.append(name)
      return nil
    }
    return (name, close + 2)
  }

  private static func isName(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isNameByte) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || Digits.isDigit(byte)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }
}
