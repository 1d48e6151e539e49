package import KeystoneStore

/// What the handlers of routes work with; a group takes from it what it needs.
package struct APIServices: Sendable {
  /// Where everything is kept.
  package var store: SQLiteStore
  /// What the daemon counts.
  package var metrics: APIMetrics
  /// Finds out who makes a request.
  package var authenticator: Authenticator

  /// Services.
  package init(store: SQLiteStore, metrics: APIMetrics, authenticator: Authenticator) {
    self.store = store
    self.metrics = metrics
    self.authenticator = authenticator
  }
}
