extension JSONValue {
  /// Reads JSON text (RFC 8259, strictly) from UTF-8 bytes.
  ///
  /// Of members with the same name the last one wins. Whole numbers that fit 64 bits stay integers; other
  /// numbers become the nearest double. Nesting is limited to 512 levels.
  ///
  /// - Parameter bytes: The whole text; nothing but white space may surround the one value.
  /// - Throws: The first mistake, with its place.
  public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
    let outcome = bytes.withContiguousStorageIfAvailable { JSONParser.outcome(of: $0) }
    if let outcome {
      self = try outcome.get()
    } else {
      try self.init(parsing: Array(bytes))
    }
  }

  /// Reads JSON text (RFC 8259, strictly).
  ///
  /// - Parameter text: The whole text; nothing but white space may surround the one value.
  /// - Throws: The first mistake, with its place.
  public init(parsing text: String) throws(JSONError) {
    try self.init(parsing: text.utf8)
  }

  /// The compact JSON text, with members sorted by name so that equal values have equal texts.
  ///
  /// Doubles are written with the fewest digits that read back as the same number; a number that JSON
  /// cannot express (infinity, not a number) is written as `null`.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The compact JSON text as UTF-8 bytes.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }

  /// The JSON text for people: one member or element per line, indented by two spaces.
  public func pretty() -> String {
    var writer = JSONWriter()
    writer.writePretty(self, indent: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
