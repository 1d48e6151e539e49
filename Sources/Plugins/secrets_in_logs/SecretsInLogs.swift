public import KeystoneKit

/// Forbids that a secret appears in what the agent prints.
///
/// The host marks records with the names of the secrets in them; no value is seen here, or quoted.
struct SecretsInLogs: ForbiddenRule {
  enum Policy: String, CaseIterable, ParameterValue {
    case deny
  }

  struct Parameters: ShorthandParameterSet {
    @Parameter("What happens when a secret is printed; `deny` is all there is.") var policy = Policy.deny

    init() {}
    init(shorthand: Policy) { policy = shorthand }
  }

  static let type = "secrets_in_logs"
  static let summary = "Forbids secrets in the agent's stdout and stderr: `secrets_in_logs: deny`."
  static let sources: [AuditSource] = [.output]

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    try await context.audit(["stdout", "stderr"]).filter { !$0.secrets.isEmpty }.map { record in
      let names = record.secrets.sorted().joined(separator: ", ")
      return Violation(
        "the agent wrote the secret \(names) to \(record.event) (record \(record.sequence))", record: record.sequence)
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("secrets_in_logs", version: "1.0.0", SecretsInLogs.self).export(to: host)
}
