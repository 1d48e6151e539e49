import DatabaseClient
import KeystoneKit

/// The statements that change a table, as the seed decides.
struct DriftPlan {
  let table: DriftTable
  let strategy: Strategy
  let count: Int

  func statements(_ random: inout SeededNumbers) throws(PluginError) -> [String] {
    var places = Array(table.rows.indices)
    // Fisher and Yates, from the front: the first `count` are the chosen ones.
    for index in places.indices.dropLast() { places.swapAt(index, index + random.below(places.count - index)) }
    let chosen = places.prefix(count).map { table.rows[$0] }
    switch strategy {
    case .missingRows: return chosen.map { "DELETE FROM \(table.qualified) WHERE \(Self.at($0));" }
    case .duplicateRows: return try chosen.map { row throws(PluginError) in try duplicate(row) }
    case .nullValues:
      let columns = try candidates { $0.isNullable && !$0.isKey }
      return chosen.map { set(columns[random.below(columns.count)], to: "NULL", in: $0) }
    case .swappedValues: return try swaps(chosen, &random)
    case .randomMismatches:
      let columns = try candidates { !$0.isKey && $0.kind != .other }
      return chosen.map { row in
        let column = columns[random.below(columns.count)]
        return set(column, to: Self.other(column, row.values[column.name] ?? .null, &random), in: row)
      }
    }
  }

  private func candidates(_ fits: (DriftTable.Column) -> Bool) throws(PluginError) -> [DriftTable.Column] {
    let columns = table.columns.filter(fits)
    guard !columns.isEmpty else {
      throw PluginError(
        .invalid,
        "no column can be changed by the strategy `\(strategy.rawValue)`: keys stay as they are; choose another")
    }
    return columns
  }

  private func duplicate(_ row: DriftTable.Row) throws(PluginError) -> String {
    guard !table.columns.contains(where: \.isKey) else {
      throw PluginError(.invalid, "rows cannot be duplicated: the table has a unique key; choose another strategy")
    }
    let names = table.columns.map { SQLText.name($0.name) }.joined(separator: ", ")
    return "INSERT INTO \(table.qualified) (\(names)) SELECT \(names) FROM \(table.qualified) WHERE \(Self.at(row));"
  }

  private func swaps(_ rows: [DriftTable.Row], _ random: inout SeededNumbers) throws(PluginError) -> [String] {
    let columns = try candidates { !$0.isKey }
    return stride(from: 0, to: rows.count - 1, by: 2).map { index in
      let name = SQLText.name(columns[random.below(columns.count)].name)
      let (first, second) = (SQLText.literal(rows[index].place), SQLText.literal(rows[index + 1].place))
      return """
        UPDATE \(table.qualified) t SET \(name) = o.\(name) FROM \(table.qualified) o
        WHERE (t.ctid = \(first)::tid AND o.ctid = \(second)::tid) OR (t.ctid = \(second)::tid AND o.ctid = \(first)::tid);
        """
    }
  }

  private func set(_ column: DriftTable.Column, to value: String, in row: DriftTable.Row) -> String {
    "UPDATE \(table.qualified) SET \(SQLText.name(column.name)) = \(value) WHERE \(Self.at(row));"
  }

  private static func at(_ row: DriftTable.Row) -> String { "ctid = \(SQLText.literal(row.place))::tid" }

  /// An expression for another value of the same type.
  private static func other(
    _ column: DriftTable.Column, _ value: JSONValue, _ random: inout SeededNumbers
  ) -> String {
    let name = SQLText.name(column.name)
    let number = 1 + random.below(97)
    switch column.kind {
    case .number: return "coalesce(\(name), 0) + \(number)"
    case .truth: return "NOT coalesce(\(name), false)"
    case .day: return "coalesce(\(name), now()) + interval '\(number) days'"
    case .text, .other: return SQLText.literal(mangled(value.string ?? "", number))
    }
  }

  /// Text that looks like the old one and is not: its letters in another case, or marked with a number.
  private static func mangled(_ text: String, _ number: Int) -> String {
    let swapped = text.map { $0.isUppercase ? $0.lowercased() : $0.uppercased() }.joined()
    return swapped == text || text.isEmpty ? "\(text)\(number)" : swapped
  }
}
