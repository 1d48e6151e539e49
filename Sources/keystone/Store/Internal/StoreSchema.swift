internal import GRDB

/// The tables and how they came to be.
enum StoreSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    for migration in StoreMigration.all {
      migrator.registerMigration(migration.name, foreignKeyChecks: .immediate) { database in
        for statement in migration.statements { try database.execute(sql: statement) }
      }
    }
    return migrator
  }
}
