package import KeystoneKit

/// A PostgreSQL service, spoken to with its own `psql` inside the service.
///
/// The client that comes with the server fits its version, needs no library on the host, signs in as the service itself
/// does, and works where the service is reached through a gateway; what a check or fixture does is then no traffic of the
/// sandbox, so it can never be taken for the agent's.
package struct DatabaseClient: Sendable {
  /// What a database answers when something does not exist that an agent can have removed: a table, a column, a schema.
  private static let missing: Set<String> = ["42P01", "42703", "3F000", "42883", "3D000"]

  private let sandbox: Sandbox
  private let service: String

  /// The database of the service `name`; throws when there is no such service, or it is no PostgreSQL.
  package init(_ sandbox: Sandbox, service name: String) async throws {
    let services = try await sandbox.services()
    guard let found = services.first(where: { $0.name == name }) else {
      let names = services.map(\.name).sorted().joined(separator: ", ")
      throw PluginError(
        .notFound,
        "there is no service `\(name)` that runs from an image; the spec has \(names.isEmpty ? "none" : names)")
    }
    self.sandbox = sandbox
    service = found.name
    let probe = try await sandbox.run(
      Command(["/bin/sh", "-c", "command -v psql"], discardsOutput: false), inService: service)
    guard probe.status.isSuccess else {
      throw PluginError(
        .unsupported,
        "the service `\(name)` (\(found.image)) has no psql: only PostgreSQL is supported; use an image such as postgres:16"
      )
    }
  }

  /// Runs a script; the first statement that fails ends it.
  package func run(_ script: ByteInput) async throws {
    let output = try await psql(["-q"], script)
    if let failure = Failure(output) { throw failure.error("the script failed") }
  }

  /// The rows of a query, each a list of columns and values, in order.
  ///
  /// - Parameter query: One `SELECT`; it runs in a transaction that cannot write.
  /// - Returns: The rows.
  /// - Throws: ``DatabaseClient/Missing`` when something the query names does not exist, ``PluginError`` otherwise.
  package func rows(of query: String) async throws -> [[(name: String, value: JSONValue)]] {
    let trimmed = Self.trimmed(query)
    // Two steps of JSON, because an object does not tell the order of its members.
    let script = """
      BEGIN READ ONLY;
      SELECT coalesce(json_agg((SELECT json_agg(json_build_array(k.key, k.value)) FROM json_each(row_to_json(t)) k)), '[]')
      FROM (
      \(trimmed)
      ) t;
      """
    let output = try await psql(["-q", "-A", "-t"], ByteInput(Array(script.utf8)))
    if let failure = Failure(output) {
      if let code = failure.code, Self.missing.contains(code) { throw Missing(message: failure.message) }
      throw failure.error("the query failed")
    }
    let rows = try JSONValue(parsing: output.output).array ?? []
    return rows.map { row in
      (row.array ?? []).compactMap { pair in
        guard let pair = pair.array, pair.count == 2, let name = pair[0].string else { return nil }
        return (name, pair[1])
      }
    }
  }

  /// Something that a query names does not exist.
  package struct Missing: Error {
    /// The database's words.
    package let message: String
  }

  private func psql(_ options: [String], _ script: ByteInput) async throws -> CommandOutput {
    let line = """
      export PGPASSWORD="${POSTGRES_PASSWORD:-test}" PGCONNECT_TIMEOUT=10 PGAPPNAME=keystone
      exec psql -X -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-testdb}" "$@"
      """
    return try await sandbox.run(
      Command(["/bin/sh", "-c", line, "sh"] + options), inService: service, input: script, keeping: 16 << 20)
  }

  /// A query without the semicolon that would end it too early.
  private static func trimmed(_ query: String) -> String {
    var query = query[...]
    while let last = query.last, last.isWhitespace || last == ";" { query = query.dropLast() }
    return String(query)
  }
}

/// Why psql failed.
private struct Failure {
  /// The SQLSTATE, when the database answered.
  var code: String?
  var message: String

  init?(_ output: CommandOutput) {
    guard !output.status.isSuccess else { return nil }
    let lines = output.errorText.split(separator: "\n").map(String.init)
    guard let line = lines.first(where: { $0.contains("ERROR:  ") || $0.contains("FATAL:  ") }) else {
      message = lines.isEmpty ? "psql \(output.status.ending)" : output.lastLines()
      return
    }
    // psql:<stdin>:3: ERROR:  42P01: relation "x" does not exist
    let words = line.split(separator: ":", maxSplits: .max).map { $0.trimmingSpaces }
    code = words.first {
      $0.utf8.count == 5 && $0.allSatisfy { $0.isUppercase || $0.isNumber } && $0 != "ERROR" && $0 != "FATAL"
    }
    let detail = lines.first { $0.hasPrefix("LINE ") || $0.hasPrefix("DETAIL:") }
    message = line.replacing("psql:<stdin>:", with: "line ") + (detail.map { " (\($0))" } ?? "")
  }

  func error(_ what: String) -> PluginError { PluginError(.invalid, "\(what): \(message)") }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    var text = self
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}

/// Text as parts of SQL.
package enum SQLText {
  /// A literal of text.
  package static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

  /// A name, quoted.
  package static func name(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }
}
