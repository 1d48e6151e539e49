import DatabaseClient
import KeystoneKit

/// A table as it is before the drift: its columns, and its rows in an order that is always the same.
struct DriftTable {
  /// How a column's values can be changed.
  enum Kind {
    case text, number, truth, day, other
  }

  struct Column {
    var name: String
    var kind: Kind
    var isNullable: Bool
    var isKey: Bool
  }

  struct Row {
    /// Where the row lies (`ctid`), which holds until the drift's own transaction.
    var place: String
    var values: [String: JSONValue]
  }

  /// More rows than these are not looked at.
  static let mostRows = 100_000

  let qualified: String
  let columns: [Column]
  let rows: [Row]

  init(schema: String, name: String, in database: DatabaseClient) async throws {
    qualified = "\(SQLText.name(schema)).\(SQLText.name(name))"
    let found = try await database.rows(
      of: """
        SELECT c.column_name, c.data_type, c.is_nullable = 'YES', EXISTS (
          SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
          WHERE i.indrelid = to_regclass(\(SQLText.literal(qualified))) AND i.indisunique AND a.attname = c.column_name)
        FROM information_schema.columns c
        WHERE c.table_schema = \(SQLText.literal(schema)) AND c.table_name = \(SQLText.literal(name))
          AND c.is_generated = 'NEVER'
        ORDER BY c.ordinal_position
        """)
    guard !found.isEmpty else {
      throw PluginError(.invalid, "there is no table \(schema).\(name); name one that an earlier fixture has made")
    }
    columns = found.map { row in
      Column(
        name: row[0].value.string ?? "", kind: Self.kind(row[1].value.string ?? ""),
        isNullable: row[2].value.bool ?? false, isKey: row[3].value.bool ?? false)
    }
    let keys = columns.filter(\.isKey)
    let order = (keys.isEmpty ? columns : keys).map { "\(SQLText.name($0.name))::text COLLATE \"C\"" }
    let values = try await database.rows(
      of: """
        SELECT ctid::text AS "keystone place", * FROM \(qualified) ORDER BY \(order.joined(separator: ", "))
        LIMIT \(Self.mostRows)
        """)
    rows = values.map { row in
      Row(
        place: row.first?.value.string ?? "",
        values: Dictionary(row.dropFirst().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }
  }

  private static func kind(_ type: String) -> Kind {
    switch type {
    case "text", "character varying", "character": .text
    case "smallint", "integer", "bigint", "numeric", "real", "double precision": .number
    case "boolean": .truth
    case "date", "timestamp without time zone", "timestamp with time zone": .day
    default: .other
    }
  }
}
