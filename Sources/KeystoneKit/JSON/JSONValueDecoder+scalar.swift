extension JSONValue {
  /// The value when it is of the type as it stands, without a decoder that could say why it is not.
  @inline(__always)
  func plain<T>(_ type: T.Type) -> T? {
    if type == String.self, case .string(let text) = self { return same(text, type) }
    if type == Int.self, case .integer(let integer) = self { return Int(exactly: integer).map { same($0, type) } }
    if type == Bool.self, case .bool(let truth) = self { return same(truth, type) }
    if type == Double.self, case .number(let number) = self { return same(number, type) }
    if type == JSONValue.self { return same(self, type) }
    return nil
  }
}

extension ValueDecoder {
  /// The value when the type is one that JSON has itself, `nil` for any other type.
  ///
  /// The tests fold away where the type is known, and are pointer comparisons where it is not.
  @inline(__always)
  func scalar<T>(_ type: T.Type) throws -> T? {
    if type == String.self { return same(try string(), type) }
    if type == Bool.self { return same(try bool(), type) }
    if type == Int.self { return same(try integer(Int.self), type) }
    if type == Double.self { return same(try double(), type) }
    if type == JSONValue.self { return same(value, type) }
    return try rareScalar(type)
  }

  @inline(__always)
  private func rareScalar<T>(_ type: T.Type) throws -> T? {
    if type == Float.self { return same(Float(try double()), type) }
    if type == Int8.self { return same(try integer(Int8.self), type) }
    if type == Int16.self { return same(try integer(Int16.self), type) }
    if type == Int32.self { return same(try integer(Int32.self), type) }
    if type == Int64.self { return same(try integer(Int64.self), type) }
    if type == UInt.self { return same(try integer(UInt.self), type) }
    if type == UInt8.self { return same(try integer(UInt8.self), type) }
    if type == UInt16.self { return same(try integer(UInt16.self), type) }
    if type == UInt32.self { return same(try integer(UInt32.self), type) }
    if type == UInt64.self { return same(try integer(UInt64.self), type) }
    return nil
  }

  private func string() throws -> String {
    guard case .string(let text) = value else { throw mismatch(String.self, "a string") }
    return text
  }

  private func bool() throws -> Bool {
    guard case .bool(let truth) = value else { throw mismatch(Bool.self, "true or false") }
    return truth
  }

  private func double() throws -> Double {
    guard let number = value.double else { throw mismatch(Double.self, "a number") }
    return number
  }

  private func integer<I: FixedWidthInteger>(_ type: I.Type) throws -> I {
    if let wide = value.int {
      if let integer = I(exactly: wide) { return integer }
    } else if case .string(let text) = value, let integer = I(text) {
      return integer
    } else if case .number(let number) = value {
      if let integer = I(exactly: number) { return integer }
      if number != number.rounded() { throw mismatch(type, "an integer") }
    } else {
      throw mismatch(type, "an integer")
    }
    throw corrupted("Expected an integer from \(I.min) to \(I.max), found \(value.text).")
  }
}
