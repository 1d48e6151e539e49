/// A place where the host can be extended.
public enum ExtensionPoint: String, Codable, Sendable, CaseIterable, Hashable {
  case runtime, fixture, invariant, forbidden, agent, notifier

  /// The versioned name that begins the methods of this point, such as `keystone.invariant/1`.
  public var interface: String { "keystone.\(rawValue)/1" }
}

/// What a plugin says of itself: the answer to `keystone.plugin/1.describe`.
public struct PluginDescriptor: Codable, Sendable, Hashable {
  /// The plugin's name, unique on a host: lower-case letters, digits, `-`, `_`.
  public var name: String
  /// The plugin's version, `MAJOR.MINOR.PATCH`.
  public var version: String
  /// The KeystoneKit it was built with; empty for a plugin that uses none.
  public var kit: String
  /// The version of the binary boundary it was built for.
  public var abi: UInt32
  /// How many calls may be inside its `call` at a time.
  public var concurrency: Int
  /// Abilities beyond the default, such as `returns-at-once`.
  public var capabilities: [String]
  /// What it needs when it runs isolated.
  public var permissions: PluginPermissions
  /// What an operator can set.
  public var settings: [Setting]
  /// The types it provides.
  public var types: [TypeDescriptor]

  /// A descriptor with defaults for everything but name, version and types.
  public init(
    name: String, version: String, kit: String = "", abi: UInt32 = 1, concurrency: Int = 1,
    capabilities: [String] = [], permissions: PluginPermissions = PluginPermissions(), settings: [Setting] = [],
    types: [TypeDescriptor]
  ) {
    self.name = name
    self.version = version
    self.kit = kit
    self.abi = abi
    self.concurrency = concurrency
    self.capabilities = capabilities
    self.permissions = permissions
    self.settings = settings
    self.types = types
  }

  /// Decodes a descriptor; only `name`, `version`, `abi` and `types` must be there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    version = try container.decode(String.self, forKey: .version)
    kit = try container.decodeIfPresent(String.self, forKey: .kit) ?? ""
    abi = try container.decode(UInt32.self, forKey: .abi)
    concurrency = try container.decodeIfPresent(Int.self, forKey: .concurrency) ?? 1
    capabilities = try container.decodeIfPresent([String].self, forKey: .capabilities) ?? []
    permissions = try container.decodeIfPresent(PluginPermissions.self, forKey: .permissions) ?? PluginPermissions()
    settings = try container.decodeIfPresent([Setting].self, forKey: .settings) ?? []
    types = try container.decode([TypeDescriptor].self, forKey: .types)
  }
}

/// One type a plugin provides at one extension point.
public struct TypeDescriptor: Codable, Sendable, Hashable {
  /// Where it plugs in.
  public var point: ExtensionPoint
  /// The name specs use for it: lower-case letters, digits and `_`.
  public var type: String
  /// One sentence for `keystone plugin show` and editors.
  public var description: String
  /// JSON Schema 2020-12 of its parameters.
  public var parameters: JSONValue
  /// Optional abilities, such as `validate`, `prepare` or `tree`.
  public var capabilities: [String]
  /// What a forbidden rule must be able to observe.
  public var sources: [AuditSource]

  /// A type with its parameters' schema.
  public init(
    point: ExtensionPoint, type: String, description: String, parameters: JSONValue, capabilities: [String] = [],
    sources: [AuditSource] = []
  ) {
    self.point = point
    self.type = type
    self.description = description
    self.parameters = parameters
    self.capabilities = capabilities
    self.sources = sources
  }

  /// Decodes a type; `capabilities` and `sources` may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    point = try container.decode(ExtensionPoint.self, forKey: .point)
    type = try container.decode(String.self, forKey: .type)
    description = try container.decode(String.self, forKey: .description)
    parameters = try container.decodeIfPresent(JSONValue.self, forKey: .parameters) ?? ["type": "object"]
    capabilities = try container.decodeIfPresent([String].self, forKey: .capabilities) ?? []
    sources = try container.decodeIfPresent([AuditSource].self, forKey: .sources) ?? []
  }
}

/// What an isolated plugin may reach beyond the host's services; nothing by default.
public struct PluginPermissions: Codable, Sendable, Hashable {
  /// Whether it may open network connections of its own.
  public var network: Bool
  /// Absolute paths it may read; a path that ends in `:rw` may be written too.
  public var paths: [String]
  /// Names of the daemon's environment variables it may see.
  public var env: [String]
  /// Whether it may start programs.
  public var exec: Bool
  /// Names of secrets it may ask for.
  public var secrets: [String]

  /// The given permissions; none when left out.
  public init(
    network: Bool = false, paths: [String] = [], env: [String] = [], exec: Bool = false, secrets: [String] = []
  ) {
    self.network = network
    self.paths = paths
    self.env = env
    self.exec = exec
    self.secrets = secrets
  }

  /// Decodes permissions; a missing one is not asked for.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    network = try container.decodeIfPresent(Bool.self, forKey: .network) ?? false
    paths = try container.decodeIfPresent([String].self, forKey: .paths) ?? []
    env = try container.decodeIfPresent([String].self, forKey: .env) ?? []
    exec = try container.decodeIfPresent(Bool.self, forKey: .exec) ?? false
    secrets = try container.decodeIfPresent([String].self, forKey: .secrets) ?? []
  }
}

/// Something the host can observe of an agent; a forbidden rule names those it needs.
public struct AuditSource: RawRepresentable, Codable, Sendable, Hashable {
  /// The name on the wire.
  public let rawValue: String

  /// The source of that name, which this version need not know.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// What is different in the workspace at the end, by SHA-256 of every file.
  public static let fileChanges = AuditSource(rawValue: "file_changes")
  /// What the agent wrote to stdout and stderr.
  public static let output = AuditSource(rawValue: "output")
  /// Every write and removal of a file, as it happens.
  public static let fileWrites = AuditSource(rawValue: "file_writes")
  /// Every file that was opened for reading.
  public static let fileReads = AuditSource(rawValue: "file_reads")
  /// Every process that was started.
  public static let processes = AuditSource(rawValue: "processes")
  /// Every HTTP request.
  public static let http = AuditSource(rawValue: "http")
  /// Every statement that writes to a database.
  public static let databaseWrites = AuditSource(rawValue: "db_writes")
}
