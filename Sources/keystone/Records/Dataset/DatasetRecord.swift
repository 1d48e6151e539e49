public import KeystoneKit

/// One case of a dataset: what goes in, and what is expected.
public struct DatasetRecord: Sendable, Hashable {
  /// The most records in one request.
  public static let largestBatch = 10_000

  /// The id; empty before it is kept.
  public var id = ""
  /// The version of the dataset that brought it; 0 before it is kept.
  public var version = 0
  /// What goes in, an object.
  public var input: [String: JSONValue]
  /// What is expected, an object.
  public var expected: [String: JSONValue]?
  /// What else is known of it.
  public var metadata: [String: JSONValue]?
  /// Its tags.
  public var tags: [String]

  /// Reads `{input, expected, metadata, tags}`.
  ///
  /// - Throws: ``InvalidRecord`` that names what is wrong, without the record's place.
  public init(_ value: JSONValue) throws(InvalidRecord) {
    guard let input = value["input"]?.object else { throw InvalidRecord("`input` must be an object") }
    self.input = input
    expected = try Self.object("expected", value)
    metadata = try Self.object("metadata", value)
    let tags = value["tags"] ?? .null
    guard let list = tags.array ?? (tags == .null ? [] : nil), list.allSatisfy({ $0.string != nil }) else {
      throw InvalidRecord("`tags` must be a list of texts")
    }
    self.tags = list.compactMap(\.string)
  }

  private static func object(_ name: String, _ value: JSONValue) throws(InvalidRecord) -> [String: JSONValue]? {
    guard let member = value[name], member != .null else { return nil }
    guard let object = member.object else { throw InvalidRecord("`\(name)` must be an object") }
    return object
  }

  /// Reads `{"records": […]}`.
  ///
  /// - Throws: ``InvalidRecord`` that names the first wrong record.
  public static func batch(_ body: JSONValue) throws(InvalidRecord) -> [DatasetRecord] {
    guard let values = body["records"]?.array else { throw InvalidRecord("send an object with an array `records`") }
    guard values.count <= largestBatch else {
      throw InvalidRecord("\(values.count) records are too many for one request; send at most \(largestBatch)")
    }
    var records: [DatasetRecord] = []
    for (index, value) in values.enumerated() {
      do {
        records.append(try DatasetRecord(value))
      } catch {
        throw InvalidRecord("records[\(index)]: \(error.message)")
      }
    }
    return records
  }

  /// What is kept of it.
  public var body: JSONValue {
    var members: [String: JSONValue] = ["input": .object(input), "tags": .array(tags.map { .string($0) })]
    members["expected"] = expected.map { .object($0) }
    members["metadata"] = metadata.map { .object($0) }
    return .object(members)
  }

  /// Whether it has one of these tags; everything has when there are none.
  public func has(oneOf wanted: [String]) -> Bool { wanted.isEmpty || !Set(wanted).isDisjoint(with: tags) }

  /// The parameters of the scenarios that it drives.
  ///
  /// Every member of `input`, then every member of `expected` under its own name, and both whole as `input` and
  /// `expected`; a name that both have means the input's.
  public var parameters: [String: JSONValue] {
    var parameters: [String: JSONValue] = (expected ?? [:]).merging(input) { _, own in own }
    parameters["input"] = .object(input)
    parameters["expected"] = expected.map { .object($0) }
    return parameters
  }
}
