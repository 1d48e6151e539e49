import DatabaseClient
public import KeystoneKit

/// Changes rows of a table at random, so that an agent meets data that is not as tidy as its author's.
///
/// The same seed changes the same rows in the same way: rows are taken in the order of the primary key, or of all columns
/// where there is none, and every choice comes from the seed.
struct Drift: Fixture {
  struct Parameters: ParameterSet {
    @Parameter("Service and table: `db.customers`, or `db.sales.customers` with a schema.", examples: ["db.customers"])
    var target: String
    @Parameter(
      "`random_mismatches` changes a value so that it is another of its type; `null_values` removes one; `missing_rows` deletes rows; `duplicate_rows` adds copies; `swapped_values` exchanges a column's values between pairs of rows."
    )
    var strategy = Strategy.randomMismatches
    @Parameter("How many rows are changed; fewer when the table has fewer.", range: 1...) var count = 1
    @Parameter("Decides what is changed; the scenario's own seed when absent.", examples: ["42"]) var seed: JSONValue?
  }

  static let type = "drift"
  static let summary = "Changes random rows of a table, the same ones for the same seed."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    let parts = parameters.target.split(separator: ".", omittingEmptySubsequences: false)
    guard !(2...3).contains(parts.count) || parts.contains("") else { return [] }
    return [.init(path: "$.target", message: "`\(parameters.target)` is not SERVICE.TABLE or SERVICE.SCHEMA.TABLE")]
  }

  func apply(_ parameters: Parameters, in context: FixtureContext) async throws {
    let parts = parameters.target.split(separator: ".").map(String.init)
    let database = try await DatabaseClient(context.sandbox, service: parts[0])
    let schema = parts.count == 3 ? parts[1] : "public"
    do {
      let table = try await DriftTable(schema: schema, name: parts[parts.count - 1], in: database)
      var random = SeededNumbers(seed: Self.seed(parameters.seed, context.scenario))
      let statements = try DriftPlan(table: table, strategy: parameters.strategy, count: parameters.count)
        .statements(&random)
      try await database.run(ByteInput(Array("BEGIN;\n\(statements.joined(separator: "\n"))\nCOMMIT;\n".utf8)))
    } catch let error as DatabaseClient.Missing {
      throw PluginError(.invalid, "fixture `drift`: \(error.message); name a table that an earlier fixture has made")
    } catch var error as PluginError where error.code == .invalid {
      error.message = "fixture `drift`, \(parameters.target): \(error.message)"
      throw error
    }
  }

  private static func seed(_ value: JSONValue?, _ scenario: Scenario) -> String {
    guard let value, value != .null else { return "\(scenario.seed)" }
    return value.string ?? value.text
  }
}

/// A way to change rows.
enum Strategy: String, CaseIterable, Codable, Sendable, ParameterValue {
  case randomMismatches = "random_mismatches"
  case nullValues = "null_values"
  case missingRows = "missing_rows"
  case duplicateRows = "duplicate_rows"
  case swappedValues = "swapped_values"
}

/// Numbers that depend on a text alone (SplitMix64), on every machine and in every version.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: String) {
    state = seed.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// A number below `limit`, by a rule that is part of what a seed means.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("drift", version: "1.0.0", Drift.self).export(to: host)
}
