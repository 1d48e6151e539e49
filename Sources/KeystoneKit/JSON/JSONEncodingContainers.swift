/// The members of an object that is being encoded; those of nested containers arrive at the end.
final class JSONObjectBuilder {
  let path: JSONCodingPath?
  var members = [String: JSONValue](minimumCapacity: 8)
  private var unfinished: [(name: String, finish: () -> JSONValue)] = []

  init(_ path: JSONCodingPath?) { self.path = path }

  func add(_ name: String, _ finish: @escaping () -> JSONValue) { unfinished.append((name, finish)) }

  func finish() -> JSONValue {
    for nested in unfinished { members[nested.name] = nested.finish() }
    return .object(members)
  }
}

/// The elements of an array that is being encoded; those of nested containers are filled in at the end.
final class JSONArrayBuilder {
  let path: JSONCodingPath?
  var elements: [JSONValue] = []
  private var unfinished: [(index: Int, finish: () -> JSONValue)] = []

  init(_ path: JSONCodingPath?) { self.path = path }

  func add(_ finish: @escaping () -> JSONValue) {
    unfinished.append((elements.count, finish))
    elements.append(.null)
  }

  func finish() -> JSONValue {
    for nested in unfinished { elements[nested.index] = nested.finish() }
    return .array(elements)
  }
}

/// Takes the members of an object.
struct JSONKeyedEncodingContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let builder: JSONObjectBuilder

  var codingPath: [any CodingKey] { builder.path.keys }

  func encodeNil(forKey key: Key) { builder.members[key.stringValue] = .null }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    builder.members[key.stringValue] = try ValueEncoder.json(of: value, at: JSONCodingPath(builder.path, key))
  }

  func nestedContainer<NestedKey>(
    keyedBy keyType: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    let nested = JSONObjectBuilder(JSONCodingPath(builder.path, key))
    builder.add(key.stringValue, nested.finish)
    return KeyedEncodingContainer(JSONKeyedEncodingContainer<NestedKey>(builder: nested))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    let nested = JSONArrayBuilder(JSONCodingPath(builder.path, key))
    builder.add(key.stringValue, nested.finish)
    return JSONUnkeyedEncodingContainer(builder: nested)
  }

  func superEncoder() -> any Encoder { encoder(for: JSONKey.super) }

  func superEncoder(forKey key: Key) -> any Encoder { encoder(for: key) }

  private func encoder(for key: any CodingKey) -> ValueEncoder {
    let nested = ValueEncoder(at: JSONCodingPath(builder.path, key))
    builder.add(key.stringValue, nested.finish)
    return nested
  }
}

/// Takes the elements of an array one after another.
struct JSONUnkeyedEncodingContainer: UnkeyedEncodingContainer {
  let builder: JSONArrayBuilder

  var codingPath: [any CodingKey] { builder.path.keys }
  var count: Int { builder.elements.count }
  private var nextPath: JSONCodingPath { JSONCodingPath(builder.path, JSONKey(intValue: count)) }

  func encodeNil() { builder.elements.append(.null) }

  func encode<T: Encodable>(_ value: T) throws {
    builder.elements.append(try ValueEncoder.json(of: value, at: nextPath))
  }

  func nestedContainer<NestedKey>(keyedBy keyType: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
    let nested = JSONObjectBuilder(nextPath)
    builder.add(nested.finish)
    return KeyedEncodingContainer(JSONKeyedEncodingContainer<NestedKey>(builder: nested))
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    let nested = JSONArrayBuilder(nextPath)
    builder.add(nested.finish)
    return JSONUnkeyedEncodingContainer(builder: nested)
  }

  func superEncoder() -> any Encoder {
    let nested = ValueEncoder(at: nextPath)
    builder.add(nested.finish)
    return nested
  }
}
