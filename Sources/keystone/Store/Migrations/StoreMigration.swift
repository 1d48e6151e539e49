/// One step in the history of the store's tables: SQL that is run once, in one transaction.
///
/// An area of the store adds a file `StoreMigration+area.swift` beside this one and its name at the end of ``all``. What
/// was published is never edited, renamed or moved; a change is one more migration.
struct StoreMigration: Sendable {
  /// The name under which the file remembers that it was run.
  let name: String
  /// The statements, in order.
  let statements: [String]

  init(_ name: String, _ statements: [String]) {
    self.name = name
    self.statements = statements
  }

  /// Every migration, in the order in which they are run.
  static let all: [StoreMigration] = [
    .experiments, .tenants, .specs, .traces, .documents, .datasets, .scores, .alerts, .behaviors,
    .traceKinds,
  ]
}
