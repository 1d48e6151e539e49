import Glibc
package import KeystoneKit

/// What the operator recorded about one plugin.
package struct PluginRecord: Codable, Sendable, Equatable {
  /// The plugin's name.
  package var name: String
  /// Its version when it was installed; nothing for a built-in.
  package var version: String?
  /// The SHA-256 of the installed copy; nothing for a built-in.
  package var sha256: String?
  /// Where it was installed from; nothing for a built-in.
  package var file: String?
  /// What it may reach when it runs isolated.
  package var permissions: PluginPermissions
  /// Whether it is used.
  package var enabled: Bool
  /// Where it runs, when not where it would by itself.
  package var home: PluginHome?
  /// Values of its settings.
  package var settings: [String: JSONValue]

  init(name: String) {
    self.name = name
    permissions = PluginPermissions()
    enabled = true
    settings = [:]
  }

  /// Reads a record in which all but the name may be missing.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    version = try container.decodeIfPresent(String.self, forKey: .version)
    sha256 = try container.decodeIfPresent(String.self, forKey: .sha256)
    file = try container.decodeIfPresent(String.self, forKey: .file)
    permissions = try container.decodeIfPresent(PluginPermissions.self, forKey: .permissions) ?? PluginPermissions()
    enabled = try container.decodeIfPresent(Bool.self, forKey: .enabled) ?? true
    home = try container.decodeIfPresent(PluginHome.self, forKey: .home)
    settings = try container.decodeIfPresent([String: JSONValue].self, forKey: .settings) ?? [:]
  }
}

/// What the operator recorded about plugins: `plugins.json` in the folder of installed plugins.
struct PluginRecords: Codable, Equatable {
  static let fileName = "plugins.json"

  /// The version of the file's format.
  var version = 1
  /// One record per plugin that was installed or that something was set for.
  var plugins: [PluginRecord] = []
  /// Which plugin a type's plain name means: by `type` or by `point:type`.
  var prefer: [String: String] = [:]

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    version = try container.decode(Int.self, forKey: .version)
    plugins = try container.decodeIfPresent([PluginRecord].self, forKey: .plugins) ?? []
    prefer = try container.decodeIfPresent([String: String].self, forKey: .prefer) ?? [:]
  }

  /// The record of a plugin, made when there is none.
  subscript(name: String) -> PluginRecord {
    get { plugins.first { $0.name == name } ?? PluginRecord(name: name) }
    set {
      if let index = plugins.firstIndex(where: { $0.name == name }) {
        plugins[index] = newValue
      } else {
        plugins.append(newValue)
      }
    }
  }

  /// The plugin whose type a plain name means, where the operator said so.
  func preferred(_ point: ExtensionPoint, _ type: String) -> String? {
    prefer["\(point.rawValue):\(type)"] ?? prefer[type]
  }

  /// The records in `folder`; none when there is no file.
  static func read(in folder: PrivateFolder) throws(FileFailure) -> PluginRecords {
    guard let bytes = try folder.read(fileName) else { return PluginRecords() }
    try folder.checkOwnership()
    do {
      let records = try JSONValueDecoder().decode(Self.self, from: JSONValue(parsing: bytes))
      guard records.version == 1 else { throw FileFailure("a newer version of Keystone wrote it") }
      return records
    } catch {
      let reason = (error as? DecodingError)?.sentence ?? "\(error)"
      throw FileFailure(
        "\(folder.path)/\(fileName) cannot be read (\(reason)): correct it, or remove it and install the plugins again")
    }
  }

  /// Changes the records in `folder`, one changer at a time.
  static func change<Result>(
    in folder: PrivateFolder, _ body: (inout PluginRecords) throws -> Result
  ) throws -> Result {
    try folder.create()
    try folder.checkOwnership()
    let lock = open("\(folder.path)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw FileFailure(cannot: "lock the folder \(folder.path)") }
    defer { close(lock) }
    while flock(lock, LOCK_EX) != 0 {
      guard errno == EINTR else { throw FileFailure(cannot: "lock the folder \(folder.path)") }
    }
    var records = try read(in: folder)
    let result = try body(&records)
    let text = try JSONValueEncoder().encode(records).pretty()
    try folder.write(Array(text.utf8), to: fileName)
    return result
  }
}
