import ArgumentParser
import KeystoneAPI
import KeystoneKit
import KeystonePluginHost
import KeystoneStore

/// The command `keystone key …`.
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Makes, lists, rotates and revokes API keys of the daemon on this machine.",
    subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRotateCommand.self, KeyRevokeCommand.self])

  static func store() async throws -> SQLiteStore {
    try await SQLiteStore.open("\(Installation.current.dataFolder)/keystone.sqlite")
  }

  static func show(_ key: APIKey, _ record: APIKeyRecord) {
    Terminal.complain("\(record.id), \(record.name), owner \(record.owner); it is shown only now:")
    Terminal.show(key.text + "\n")
  }
}

/// The command `keystone key create`.
struct KeyCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Makes a key and prints it, this once, on stdout.")

  @Option(help: "A name for people.") var name = "key"
  @Option(help: "Whose resources it reaches: all keys of one owner see the same.") var owner = Caller.usualOwner

  func run() async throws {
    guard !owner.isEmpty else { throw ValidationError("an owner needs a name") }
    let key = APIKey.random()
    let record = key.record(owner: owner, name: name)
    try await KeyCommand.store().add(record)
    KeyCommand.show(key, record)
  }
}

/// The command `keystone key list`.
struct KeyListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists keys, never in clear.")

  @Option(help: "How to print them: text or json.") var format: PrintFormat = .text

  func run() async throws {
    let keys = try await KeyCommand.store().keys()
    switch format {
    case .json: Terminal.show(JSONValue.array(keys.map(\.json)).pretty() + "\n")
    case .text:
      for key in keys {
        let state = key.revokedAt.map { "revoked \($0)" } ?? "works"
        Terminal.show("\(key.id)  \(key.hint)  \(key.owner)  \(key.name)  \(key.createdAt)  \(state)\n")
      }
    }
  }
}

/// The command `keystone key rotate ID`.
struct KeyRotateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Puts a new key in the place of an old one, which stops working at once.")

  @Argument(help: "The id of the old key.") var id: String

  func run() async throws {
    let store = try await KeyCommand.store()
    guard let old = try await store.keys().first(where: { $0.id == id }) else {
      throw ValidationError("there is no key \(id); `keystone key list` shows them")
    }
    let key = APIKey.random()
    let record = key.record(owner: old.owner, name: old.name)
    try await store.rotateKey(id, to: record)
    KeyCommand.show(key, record)
  }
}

/// The command `keystone key revoke ID`.
struct KeyRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Makes a key useless at once.")

  @Argument(help: "The id of the key.") var id: String

  func run() async throws { try await KeyCommand.store().revokeKey(id) }
}

extension APIKeyRecord {
  var json: JSONValue {
    [
      "id": .string(id), "owner": .string(owner), "name": .string(name), "hint": .string(hint),
      "created_at": .string(createdAt), "revoked_at": revokedAt.map { .string($0) } ?? .null,
    ]
  }
}
