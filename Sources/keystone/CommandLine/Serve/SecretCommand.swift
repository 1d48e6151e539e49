import ArgumentParser
import Glibc
import KeystoneAPI
import KeystoneExperiment
import KeystonePluginHost
import KeystoneSpec
import KeystoneStore

/// The command `keystone secret …`.
struct SecretCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secret",
    abstract: "Stores secrets of the daemon on this machine, sealed, for specs with `source: dashboard`.",
    subcommands: [SecretSetCommand.self, SecretListCommand.self, SecretRemoveCommand.self])
}

/// Which workspace a secret belongs to.
struct SecretPlace: ParsableArguments {
  @Option(help: "Whose it is.") var owner = Caller.usualOwner
  @Option(help: "The id or name of the workspace; the default one when left out.") var workspace: String?

  /// The store and the workspace's id.
  func open() async throws -> (store: SQLiteStore, workspace: String) {
    let store = try await SQLiteStore.open("\(Installation.current.dataFolder)/keystone.sqlite")
    guard let name = workspace else {
      return (store, try await store.defaultWorkspace(of: owner, orMake: Identifier.random(prefix: "ws_")).id)
    }
    guard let known = try await store.workspace(name, of: owner) else {
      throw ValidationError("the owner \(owner) has no workspace \(name)")
    }
    return (store, known.id)
  }
}

/// The command `keystone secret set NAME`.
struct SecretSetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Stores a secret whose value is read from stdin, so that no other program sees it.")

  @Argument(help: "The name, such as ANTHROPIC_API_KEY.") var name: String
  @OptionGroup var place: SecretPlace

  func run() async throws {
    guard EnvironmentName.isValid(name) else {
      throw ValidationError("`\(name)` is no name of an environment variable")
    }
    if isatty(STDIN_FILENO) == 1 { Terminal.complain("type the value and end it with Return:") }
    guard let value = readLine(), !value.isEmpty else {
      throw ValidationError(
        "there is no value on stdin; pipe it in, such as `printf %s \"$KEY\" | keystone secret set \(name)`")
    }
    let (store, workspace) = try await place.open()
    let vault = try SecretVault(dataFolder: Installation.current.dataFolder)
    try await SecretBook(store: store, vault: vault).set(name, value, owner: place.owner, workspace: workspace)
  }
}

/// The command `keystone secret list`.
struct SecretListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists names, never values.")

  @OptionGroup var place: SecretPlace

  func run() async throws {
    let (store, workspace) = try await place.open()
    for name in try await store.sealedSecrets(in: workspace).keys.sorted() { Terminal.show(name + "\n") }
  }
}

/// The command `keystone secret remove NAME`.
struct SecretRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "remove", abstract: "Forgets a secret.")

  @Argument(help: "The name.") var name: String
  @OptionGroup var place: SecretPlace

  func run() async throws {
    let (store, workspace) = try await place.open()
    try await store.removeSecret(name, workspace: workspace)
  }
}
