internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneSandbox
package import KeystoneStore

/// Finds out who makes a request.
package struct Authenticator: Sendable {
  /// Knows the sandbox that a `ks_sb_` token belongs to: its id, and the caller it acts for.
  package typealias SandboxTokens = @Sendable (String) -> Caller?

  private let store: SQLiteStore
  private let operatorKey: [UInt8]?
  private let isRequired: Bool
  private let sandboxTokens: SandboxTokens
  private let limit: RateLimit?
  /// The default workspaces by owner, as far as they were asked for: an owner keeps it for good.
  private let defaults = Locked<[String: String]>([:])

  /// An authenticator.
  ///
  /// - Parameters:
  ///   - store: Holds the hashes of keys, and the workspaces.
  ///   - operatorKey: The key of the daemon's own environment or command line.
  ///   - isRequired: Whether a request without a key is refused.
  ///   - sandboxTokens: Knows the tokens of sandboxes.
  ///   - limit: Bounds how many requests an owner makes.
  package init(
    store: SQLiteStore, operatorKey: APIKey?, isRequired: Bool, sandboxTokens: @escaping SandboxTokens = { _ in nil },
    limit: RateLimit? = nil
  ) {
    self.store = store
    self.operatorKey = operatorKey?.hash
    self.isRequired = isRequired
    self.sandboxTokens = sandboxTokens
    self.limit = limit
  }

  /// Finds the caller of a route.
  ///
  /// - Parameters:
  ///   - credential: What the request brought: the bearer token or the key.
  ///   - workspace: The header `X-Polarity-Workspace`.
  ///   - access: Who may call the route.
  ///   - sandbox: The id of the sandbox that the path is about.
  /// - Returns: The caller, with the workspace the request is about.
  /// - Throws: ``APIError`` when the caller is nobody, or may not call this route.
  func caller(
    credential: String?, workspace: String?, access: Route.Access, sandbox: String?
  ) async throws -> Caller {
    if case .open = access { return .nobody }
    let caller = try await known(credential: credential, workspace: workspace, access: access, sandbox: sandbox)
    try limit?.count(caller.owner)
    return caller
  }

  private func known(
    credential: String?, workspace: String?, access: Route.Access, sandbox: String?
  ) async throws -> Caller {
    guard let credential, !credential.isEmpty else {
      guard isRequired else { return try await caller(of: Caller.usualOwner, workspace: workspace) }
      throw APIError(.unauthorized, "The request has no API key; send `Authorization: Bearer <key>`.")
    }
    if credential.hasPrefix(SandboxToken.prefix) { return try tokenCaller(credential, access, sandbox) }
    let hash = APIKey(credential).hash
    if let operatorKey, APIKey.areEqual(hash, operatorKey) {
      return try await caller(of: Caller.usualOwner, workspace: workspace)
    }
    guard let record = try await store.key(hash: hash), record.revokedAt == nil, APIKey.areEqual(hash, record.hash)
    else {
      throw APIError(
        .unauthorized, "This API key does not work; make one with `keystone key create` on the daemon's machine.")
    }
    return try await caller(of: record.owner, workspace: workspace)
  }

  private func tokenCaller(_ token: String, _ access: Route.Access, _ sandbox: String?) throws -> Caller {
    guard let caller = sandboxTokens(token) else {
      throw APIError(.unauthorized, "This sandbox token does not work; its sandbox is gone.")
    }
    guard case .sandbox = access, sandbox == nil || caller.sandbox == sandbox else {
      throw APIError(
        .forbidden,
        "A sandbox's token reaches only what belongs to its own sandbox; use an API key for everything else.")
    }
    return caller
  }

  private func caller(of owner: String, workspace: String?) async throws -> Caller {
    guard let workspace, !workspace.isEmpty else {
      if let known = defaults.withLock({ $0[owner] }) { return Caller(owner: owner, workspace: known) }
      let usual = try await store.defaultWorkspace(of: owner, orMake: Identifier.random(prefix: "ws_"))
      defaults.withLock { $0[owner] = usual.id }
      return Caller(owner: owner, workspace: usual.id)
    }
    if let known = try await store.workspace(workspace, of: owner) { return Caller(owner: owner, workspace: known.id) }
    let usual = try await store.defaultWorkspace(of: owner, orMake: Identifier.random(prefix: "ws_"))
    guard [usual.id, usual.name].contains(workspace) else {
      throw APIError(
        .notFound, "There is no workspace `\(workspace)`; leave `X-Polarity-Workspace` out for the default one.")
    }
    return Caller(owner: owner, workspace: usual.id)
  }
}
