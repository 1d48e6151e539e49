import CPGQuery
import Glibc
import KeystoneKit

/// A table that a statement writes, and how.
struct TableWrite: Hashable, Sendable {
  /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `COPY`, `TRUNCATE`, or the first words of another statement that changes data.
  var operation: String
  /// The schema, where the statement names one.
  var schema: String?
  /// The table's name, as the database understands it; in parentheses what is no table.
  var table: String
}

/// What the statements of one text do, as PostgreSQL's own parser (libpg_query) reads them.
///
/// Functions that a statement calls are not looked into: what they write shows in the database's counters.
struct WriteFinder {
  /// The tables that are written when the text is run.
  private(set) var writes: [TableWrite] = []
  /// What is written when a prepared statement of that name is executed, for the `PREPARE`s of the text.
  private(set) var prepared: [String: [TableWrite]] = [:]
  /// The names of the prepared statements that the text executes.
  private(set) var executed: [String] = []
  /// The temporary tables that the text makes.
  private(set) var temporary: Set<String> = []

  /// Reads a text; `nil` when PostgreSQL's parser does not understand it, which then neither the server does.
  init?(_ text: [UInt8]) {
    guard !text.contains(0), let tree = Self.tree(text) else { return nil }
    walk(tree)
  }

  private init() {}

  private static func tree(_ text: [UInt8]) -> JSONValue? {
    let result = (text + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { pg_query_parse($0.baseAddress) }
    }
    defer { pg_query_free_parse_result(result) }
    guard result.error == nil, let tree = result.parse_tree else { return nil }
    return try? JSONValue(parsing: Array(UnsafeRawBufferPointer(start: tree, count: strlen(tree))))
  }

  private mutating func walk(_ value: JSONValue) {
    switch value {
    case .array(let items): for item in items { walk(item) }
    case .object(let members):
      for (name, value) in members.sorted(by: { $0.key < $1.key }) { visit(name, value) }
    default: break
    }
  }

  private mutating func visit(_ node: String, _ value: JSONValue) {
    switch node {
    case "PrepareStmt":
      var inner = Self()
      inner.walk(value["query"] ?? .null)
      prepared[value["name"]?.string ?? ""] = inner.writes
      return
    case "ExecuteStmt": executed.append(value["name"]?.string ?? "")
    case "ExplainStmt":
      let options = value["options"]?.array ?? []
      guard options.contains(where: { $0["DefElem"]?["defname"]?.string == "analyze" }) else { return }
    case "TruncateStmt":
      for relation in value["relations"]?.array ?? [] { add("TRUNCATE", relation["RangeVar"]) }
    case "DropStmt": drop(value)
    case "CopyStmt": if value["is_from"]?.bool == true { add("COPY", value["relation"]) }
    case "CreateTableAsStmt": add("CREATE", value["into"]?["rel"])
    case "SelectStmt": add("SELECT INTO", value["intoClause"]?["rel"])
    case "CreateSeqStmt", "AlterSeqStmt": add(Self.words(node), value["sequence"])
    case "ViewStmt": add("CREATE VIEW", value["view"])
    case "LockStmt", "DeclareCursorStmt", "TransactionStmt", "VariableSetStmt", "VariableShowStmt", "ClosePortalStmt",
      "FetchStmt", "ListenStmt", "UnlistenStmt", "NotifyStmt", "DiscardStmt", "ConstraintsSetStmt", "CheckPointStmt",
      "DeallocateStmt", "LoadStmt", "VacuumStmt", "RawStmt", "CallStmt", "DoStmt", "SetOperationStmt":
      break
    default:
      // Nodes begin with a capital, their members do not.
      guard node.hasSuffix("Stmt"), node.first?.isUppercase == true else { break }
      if value["relation"]?["relname"] != nil {
        add(Self.operations[node] ?? Self.words(node), value["relation"])
      } else if Self.operations[node] == nil {
        writes.append(TableWrite(operation: Self.words(node), schema: nil, table: "(\(Self.words(node).lowercased()))"))
      }
    }
    walk(value)
  }

  private static let operations = [
    "InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE",
    "CreateStmt": "CREATE", "AlterTableStmt": "ALTER", "RenameStmt": "RENAME", "IndexStmt": "CREATE INDEX",
    "RefreshMatViewStmt": "REFRESH",
  ]

  /// `CreateFunctionStmt` as `CREATE FUNCTION`.
  private static func words(_ node: String) -> String {
    node.dropLast("Stmt".count).reduce(into: "") { text, letter in
      if letter.isUppercase && !text.isEmpty { text += " " }
      text += letter.uppercased()
    }
  }

  private mutating func add(_ operation: String, _ relation: JSONValue?) {
    guard let relation, let table = relation["relname"]?.string else { return }
    if relation["relpersistence"]?.string == "t" {
      temporary.insert(table)
      return
    }
    writes.append(TableWrite(operation: operation, schema: relation["schemaname"]?.string, table: table))
  }

  private mutating func drop(_ value: JSONValue) {
    let kind = (value["removeType"]?.string ?? "OBJECT_").dropFirst("OBJECT_".count)
    for object in value["objects"]?.array ?? [] {
      let names = (object["List"]?["items"]?.array ?? [object]).compactMap { $0["String"]?["sval"]?.string }
      let isTable = ["TABLE", "VIEW", "MATVIEW", "SEQUENCE", "INDEX", "FOREIGN_TABLE"].contains(kind)
      let operation = isTable && kind == "TABLE" ? "DROP" : "DROP \(kind)"
      guard isTable, let name = names.last else {
        writes.append(
          TableWrite(operation: operation, schema: nil, table: "(\(kind.lowercased()) \(names.joined(separator: ".")))")
        )
        continue
      }
      writes.append(TableWrite(operation: operation, schema: names.dropLast().last, table: name))
    }
  }
}
