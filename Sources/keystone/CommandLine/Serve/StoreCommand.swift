import ArgumentParser
import KeystonePluginHost
import KeystoneSpec
import KeystoneStore

/// The command `keystone store …`.
struct StoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Looks after the store of this machine, also while a daemon uses it.",
    subcommands: [StoreCheckCommand.self, StoreBackupCommand.self, StoreVacuumCommand.self, StorePruneCommand.self])

  static func open() async throws -> SQLiteStore {
    try await SQLiteStore.open("\(Installation.current.dataFolder)/keystone.sqlite")
  }
}

/// The command `keystone store check`.
struct StoreCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Reads the whole store and says what is damaged.")

  func run() async throws {
    let problems = try await StoreCommand.open().problems()
    guard problems.isEmpty else {
      for problem in problems { Terminal.complain(problem) }
      Terminal.complain("error: the store is damaged; put a backup in its place")
      throw Exit.failed
    }
    Terminal.show("the store is sound\n")
  }
}

/// The command `keystone store backup FILE`.
struct StoreBackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies the store as it is at one moment into a new file; keep `secrets.key` elsewhere.")

  @Argument(help: "The new file.") var file: String

  func run() async throws { try await StoreCommand.open().backUp(to: file) }
}

/// The command `keystone store vacuum`.
struct StoreVacuumCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vacuum", abstract: "Gives the room of what was removed back to the disk.")

  func run() async throws { try await StoreCommand.open().vacuum() }
}

/// The command `keystone store prune`.
struct StorePruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Removes experiments and traces that are older than so many days.")

  @Option(help: "How many days of history stay.") var days: Int

  func validate() throws { if days < 1 { throw ValidationError("--days takes 1 or more") } }

  func run() async throws {
    let ids = try await StoreCommand.open().prune(olderThanDays: days)
    RunsFolder.remove(ids, in: Installation.current.dataFolder)
    Terminal.show("removed \(ids.count) experiments\n")
  }
}
