/// Reads the members of an object.
struct JSONKeyedDecodingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ValueDecoder
  let members: [String: JSONValue]

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

  func contains(_ key: Key) -> Bool { found(key) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { try required(key) == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    guard let value = found(key) else {
      if let declared = decoder.layout?.declaration(of: key.stringValue, as: type) { return declared }
      throw missing(key)
    }
    return try value.plain(type) ?? decoder.child(value, key).decode(type)
  }

  func nestedContainer<NestedKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try decoder.child(required(key), key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder.child(required(key), key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    decoder.child(members[JSONKey.super.stringValue] ?? .null, JSONKey.super)
  }

  func superDecoder(forKey key: Key) throws -> any Decoder {
    decoder.child(found(key) ?? .null, key)
  }

  private func found(_ key: Key) -> JSONValue? {
    guard let layout = decoder.layout else { return members[key.stringValue] }
    return members[layout.name(of: key.stringValue)]
  }

  private func required(_ key: Key) throws -> JSONValue {
    guard let value = found(key) else { throw missing(key) }
    return value
  }

  private func missing(_ key: Key) -> DecodingError {
    .keyNotFound(
      key,
      DecodingError.Context(codingPath: codingPath, debugDescription: "The member '\(key.stringValue)' is missing."))
  }
}

/// Reads the elements of an array one after another.
struct JSONUnkeyedDecodingContainer: UnkeyedDecodingContainer {
  let decoder: ValueDecoder
  let elements: [JSONValue]
  private(set) var currentIndex = 0

  init(decoder: ValueDecoder, elements: [JSONValue]) {
    self.decoder = decoder
    self.elements = elements
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() throws -> Bool {
    let isNull = try current().value == .null
    if isNull { currentIndex += 1 }
    return isNull
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if !isAtEnd, let plain = elements[currentIndex].plain(type) {
      currentIndex += 1
      return plain
    }
    return try advancing { try $0.decode(type) }
  }

  mutating func nestedContainer<NestedKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try advancing { try $0.container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try advancing { try $0.unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder {
    try advancing { $0 }
  }

  /// Goes to the next element only if this one could be read, as the protocol asks.
  private mutating func advancing<T>(_ read: (ValueDecoder) throws -> T) throws -> T {
    let result = try read(current())
    currentIndex += 1
    return result
  }

  private func current() throws -> ValueDecoder {
    let key = JSONKey(intValue: currentIndex)
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        JSONValue.self,
        DecodingError.Context(
          codingPath: codingPath + [key], debugDescription: "The array ends after \(elements.count) elements."))
    }
    return decoder.child(elements[currentIndex], key)
  }
}
