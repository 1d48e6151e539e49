internal import KeystoneExperiment
package import KeystoneStore

/// The secrets that a workspace has stored, and those that experiments were given.
package struct SecretBook: Sendable {
  private let store: SQLiteStore
  private let vault: SecretVault

  /// A book in `store`, sealed by `vault`.
  package init(store: SQLiteStore, vault: SecretVault) {
    self.store = store
    self.vault = vault
  }

  /// Stores a secret of a workspace.
  package func set(_ name: String, _ value: String, owner: String, workspace: String) async throws {
    let sealed = try vault.seal(Array(value.utf8), context: "\(workspace)/\(name)")
    try await store.setSecret(name, sealed: sealed, owner: owner, workspace: workspace)
  }

  /// Values for a sandbox: what the caller forwarded wins over what the workspace has stored.
  package func values(forwarded: [String: String], workspace: String) async throws -> [String: String] {
    var values: [String: String] = [:]
    for (name, sealed) in try await store.sealedSecrets(in: workspace) {
      values[name] = String(decoding: try vault.open(sealed, context: "\(workspace)/\(name)"), as: UTF8.self)
    }
    return values.merging(forwarded) { _, own in own }
  }

  /// Seals what the caller of an experiment forwarded, to be kept with it; `nil` when that is nothing.
  package func seal(_ forwarded: [String: String], experiment: String) throws -> [UInt8]? {
    forwarded.isEmpty ? nil : try vault.seal(forwarded, context: experiment)
  }

  /// Values for the scenarios of an experiment.
  package func values(experiment: String, workspace: String) async throws -> [String: String] {
    let forwarded = try await store.sealedSecrets(of: experiment).map { try vault.values($0, context: experiment) }
    return try await values(forwarded: forwarded ?? [:], workspace: workspace)
  }
}
