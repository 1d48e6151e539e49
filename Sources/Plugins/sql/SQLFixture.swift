import DatabaseClient
import KeystoneKit

/// Runs SQL against a database service before the agent starts.
struct SQLFixture: Fixture {
  struct Parameters: ParameterSet {
    @Parameter("Name of the database service.", examples: ["db"]) var service: String
    @Parameter("The script; the first statement that fails ends the boot.") var sql: String?
    @Parameter("A file of the workspace with the script.", examples: ["seed.sql"]) var path: String?
  }

  static let type = "sql"
  static let summary = "Runs SQL against a database service, from the spec or from a file of the workspace."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    guard (parameters.sql == nil) != (parameters.path == nil) else {
      return [.init(path: "$", message: "one of `sql` and `path` is needed, and not both")]
    }
    return parameters.path.map { SandboxPath($0).diagnostics(at: "$.path") } ?? []
  }

  func apply(_ parameters: Parameters, in context: FixtureContext) async throws {
    let database = try await DatabaseClient(context.sandbox, service: parameters.service)
    do {
      try await database.run(ByteInput(try await script(parameters, context.sandbox)))
    } catch var error as PluginError where error.code == .invalid {
      error.message = "fixture `sql`, service \(parameters.service): \(error.message)"
      throw error
    }
  }

  private func script(_ parameters: Parameters, _ sandbox: Sandbox) async throws -> [UInt8] {
    if let text = parameters.sql { return Array(text.utf8) }
    return try await sandbox.read(SandboxPath(parameters.path ?? ""))
  }
}
