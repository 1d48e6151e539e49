public import KeystoneKit

/// Forbids writes to tables that are not named.
///
/// What counts is every statement the gateway saw on the wire, and every table whose own counters changed without one.
struct DatabaseWritesOutside: ForbiddenRule {
  struct Parameters: ShorthandParameterSet {
    @Parameter(
      "Tables that may be written: `orders` in any schema, or `sales.orders`; `*` stands for any text.",
      examples: [["users", "orders", "audit_log"]])
    var tables: [String]

    init() {}
    init(shorthand: [String]) { tables = shorthand }
  }

  static let type = "db_writes_outside"
  static let summary = "Forbids writes to other tables than the given: `db_writes_outside: [users, orders]`."
  static let sources: [AuditSource] = [.databaseWrites]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    parameters.tables.enumerated().filter { $0.element.isEmpty }.map { index, _ in
      .init(path: "$.tables[\(index)]", message: "the name of the table is empty")
    }
  }

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    let allowed = parameters.tables.map(TablePattern.init)
    let list = parameters.tables.isEmpty ? "no table" : parameters.tables.joined(separator: ", ")
    return try await context.audit(["db_write"]).compactMap { record in
      let table = record.data["table"]?.string ?? ""
      let schema = record.data["schema"]?.string
      guard !allowed.contains(where: { $0.covers(table, schema: schema) }) else { return nil }
      let name = schema.map { "\($0).\(table)" } ?? table
      let operation = record.data["operation"]?.string ?? "write"
      let service = record.data["service"]?.string ?? ""
      let statement = record.data["statement"]?.string.map { ": `\($0)`" } ?? ""
      let by = record.data["by"]?.string == "unknown" ? ", seen in the database's counters" : ""
      return Violation(
        "\(operation) on \(name) of \(service), which is outside of \(list)\(by)\(statement)", record: record.sequence)
    }
  }
}

/// A table by name, in any schema unless the pattern names one.
struct TablePattern {
  private let schema: String?
  private let table: String

  init(_ text: String) {
    let dot = text.lastIndex(of: ".")
    schema = dot.map { String(text[..<$0]) }
    table = dot.map { String(text[text.index(after: $0)...]) } ?? text
  }

  func covers(_ name: String, schema found: String?) -> Bool {
    guard Self.matches(table[...], name[...]) else { return false }
    // A name without a schema in a statement means the first of the search path, `public` unless somebody changed it.
    return schema.map { Self.matches($0[...], (found ?? "public")[...]) } ?? true
  }

  private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    guard first == "*" else {
      return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
    }
    let rest = pattern.drop { $0 == "*" }
    return text.indices.contains { matches(rest, text[$0...]) } || matches(rest, "")
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("db_writes_outside", version: "1.0.0", DatabaseWritesOutside.self).export(to: host)
}
