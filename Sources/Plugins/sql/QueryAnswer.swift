import KeystoneKit

/// What a query answered, and how it is compared with what was expected.
struct QueryAnswer {
  /// Rows of columns, in order.
  let rows: [[(name: String, value: JSONValue)]]

  /// Compares by type and value; numbers by value, whatever way they are written.
  func compare(with expected: JSONValue) -> Score {
    let found = shaped(like: expected)
    if Self.isSame(found, expected) { return .pass("the query answered \(Self.shown(found))") }
    return .fail("the query answered \(Self.shown(found)) instead of \(Self.shown(expected))")
  }

  /// The rows in the shape that the expectation has: a value, a list of values, of objects, or of lists.
  private func shaped(like expected: JSONValue) -> JSONValue {
    switch expected {
    case .object:
      return rows.count == 1 ? Self.object(rows[0]) : .array(rows.map(Self.object))
    case .array(let items):
      let first = items.first ?? .null
      if case .object = first { return .array(rows.map(Self.object)) }
      if case .array = first { return .array(rows.map(Self.list)) }
      let isOneRow = rows.count == 1 && rows[0].count > 1
      if isOneRow { return Self.list(rows[0]) }
      return .array(rows.map { $0.count == 1 ? $0[0].value : Self.list($0) })
    default:
      if rows.isEmpty { return .null }
      return rows.count == 1 && rows[0].count == 1 ? rows[0][0].value : .array(rows.map(Self.list))
    }
  }

  private static func object(_ row: [(name: String, value: JSONValue)]) -> JSONValue {
    .object(Dictionary(row.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
  }

  private static func list(_ row: [(name: String, value: JSONValue)]) -> JSONValue { .array(row.map(\.value)) }

  private static func isSame(_ found: JSONValue, _ expected: JSONValue) -> Bool {
    switch (found, expected) {
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
    case (.object(let left), .object(let right)):
      left.count == right.count && left.allSatisfy { key, value in right[key].map { isSame(value, $0) } ?? false }
    case (.integer, .number), (.number, .integer): found.double == expected.double
    default: found == expected
    }
  }

  private static func shown(_ value: JSONValue) -> String {
    let text = value == .null ? "NULL" : value.text
    return text.count > 300 ? "\(text.prefix(300))…" : text
  }
}
