import CYAML

/// One step through a YAML document.
struct YAMLEvent {
  enum Kind {
    case documentStart
    case scalar(text: String, style: YAMLScalar.Style, tag: String?, anchor: String?)
    case alias(String)
    case sequenceStart(tag: String?, anchor: String?)
    case mappingStart(tag: String?, anchor: String?)
    case collectionEnd
    case streamEnd
  }

  var kind: Kind
  /// The bytes that it takes up.
  var range: Range<Int>
}

/// Why libyaml cannot go on.
struct YAMLSyntaxError: Error {
  var offset: Int
  var problem: String
  /// What was being read, and where that began.
  var context: String?
  var contextOffset: Int?
}

/// Reads the events of a document with libyaml.
///
/// The bytes must be UTF-8 without a byte order mark and outlive the reader.
struct YAMLEventReader: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private var offsets: CharacterOffsets

  /// Prepares to read; `nil` when memory is short.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      return nil
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    self.parser = parser
    self.offsets = CharacterOffsets(bytes)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The next event that means something to a spec.
  mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
      defer { yaml_event_delete(&event) }
      let start = offsets.byte(ofCharacter: event.start_mark.index)
      let end = offsets.byte(ofCharacter: event.end_mark.index)
      guard let kind = Self.kind(of: event) else { continue }
      return YAMLEvent(kind: kind, range: start..<max(start, end))
    }
  }

  private mutating func syntaxError() -> YAMLSyntaxError {
    let parser = parser.pointee
    if parser.error == YAML_READER_ERROR {
      return YAMLSyntaxError(offset: parser.problem_offset, problem: Self.text(parser.problem))
    }
    let problem = parser.error == YAML_MEMORY_ERROR ? "out of memory" : Self.text(parser.problem)
    let offset = offsets.byte(ofCharacter: parser.problem_mark.index)
    guard parser.context != nil else { return YAMLSyntaxError(offset: offset, problem: problem) }
    return YAMLSyntaxError(
      offset: offset, problem: problem, context: Self.text(parser.context),
      contextOffset: offsets.byte(ofCharacter: parser.context_mark.index))
  }

  private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind? {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor))
    case YAML_SEQUENCE_START_EVENT:
      let data = event.data.sequence_start
      return .sequenceStart(tag: optional(data.tag), anchor: optional(data.anchor))
    case YAML_MAPPING_START_EVENT:
      let data = event.data.mapping_start
      return .mappingStart(tag: optional(data.tag), anchor: optional(data.anchor))
    case YAML_SCALAR_EVENT:
      let data = event.data.scalar
      let bytes = UnsafeBufferPointer(start: data.value, count: data.length)
      return .scalar(
        text: String(decoding: bytes, as: UTF8.self), style: style(data.style), tag: optional(data.tag),
        anchor: optional(data.anchor))
    default: return nil
    }
  }

  private static func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: .literal
    case YAML_FOLDED_SCALAR_STYLE: .folded
    default: .plain
    }
  }

  private static func optional(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    text.map { String(decodingCString: $0, as: UTF8.self) }
  }

  private static func text(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String { optional(text) ?? "" }

  private static func text(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }
}

/// Turns libyaml's positions, which count characters, into byte offsets.
///
/// Positions come nearly in order, so that stepping from the last one is linear over a document.
private struct CharacterOffsets {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let isASCII: Bool
  private var character = 0
  private var byte = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    self.isASCII = bytes.allSatisfy { $0 < 0x80 }
  }

  mutating func byte(ofCharacter target: Int) -> Int {
    if isASCII { return min(target, bytes.count) }
    while character < target, byte < bytes.count {
      byte += 1
      while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
      character += 1
    }
    while character > target, byte > 0 {
      byte -= 1
      while byte > 0, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
      character -= 1
    }
    return byte
  }
}
