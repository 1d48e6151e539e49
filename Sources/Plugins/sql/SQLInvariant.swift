import DatabaseClient
import KeystoneKit

/// Asks a database service and compares what it answers.
struct SQLInvariant: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Name of the database service.", examples: ["db"]) var service: String
    @Parameter(
      "One SELECT; it runs in a transaction that cannot write.", examples: ["SELECT count(*) FROM orders"])
    var query: String
    @Parameter(
      "What it must answer: the value of one row with one column, a list of values or of objects for several rows, one object or list for one row. Types count: 3 is not \"3\". NULL when neither this nor `row_count` is given.",
      examples: [3, ["alice@example.com", "ben@example.com"]])
    var equals: JSONValue = .null
    @Parameter("How many rows it must answer; `equals` is then not compared unless it is given, too.", range: 0...)
    var rowCount: Int?
  }

  static let type = "sql"
  static let summary = "Runs a query in a database service and compares the answer, with types."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    let first = parameters.query.split(whereSeparator: \.isWhitespace).first?.uppercased() ?? ""
    let isQuery =
      first.hasPrefix("{{") || ["SELECT", "WITH", "VALUES", "TABLE", "(SELECT"].contains { first.hasPrefix($0) }
    guard !isQuery, !first.hasPrefix("--"), !first.hasPrefix("/*") else { return [] }
    return [
      .init(path: "$.query", message: "the query does not begin with SELECT, WITH, VALUES or TABLE; write one query")
    ]
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let answer: QueryAnswer
    do {
      let database = try await DatabaseClient(context.sandbox, service: parameters.service)
      answer = QueryAnswer(rows: try await database.rows(of: parameters.query))
    } catch let error as DatabaseClient.Missing {
      // What the agent may have removed, or was to make, is its own doing.
      return .fail("the query cannot be answered: \(error.message)")
    }
    if let count = parameters.rowCount {
      guard answer.rows.count == count else {
        return .fail("the query answered \(answer.rows.count) rows instead of \(count)")
      }
      if parameters.equals == .null { return .pass("the query answered \(count) rows") }
    }
    return answer.compare(with: parameters.equals)
  }
}
