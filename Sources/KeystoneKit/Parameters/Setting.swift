/// Something the operator may set for a plugin, as opposed to parameters, which come from specs.
///
/// The host reads the flag, then the environment variable, then what was stored for the plugin, then the default.
public struct Setting: Codable, Sendable, Hashable {
  /// The type of a setting's value.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Any text.
    case string
    /// A whole number.
    case integer
    /// A number.
    case number
    /// True or false.
    case boolean
    /// An absolute URL.
    case url
    /// A path of the operator's machine.
    case path
  }

  /// The name by which the plugin gets the value.
  public var name: String

  /// The type of the value.
  public var type: Kind

  /// One sentence for the host's help.
  public var description: String

  /// The value when the operator sets none.
  public var `default`: JSONValue?

  /// The daemon's flag without its dashes, when there is one.
  public var flag: String?

  /// The environment variable, when there is one.
  public var environment: String?

  /// Whether the value must not be shown or logged.
  public var secret: Bool

  /// Declares a setting.
  public init(
    name: String, type: Kind = .string, description: String, default: JSONValue? = nil, flag: String? = nil,
    environment: String? = nil, secret: Bool = false
  ) {
    self.name = name
    self.type = type
    self.description = description
    self.default = `default`
    self.flag = flag
    self.environment = environment
    self.secret = secret
  }

  /// Reads a declaration in which all but the name may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      type: try container.decodeIfPresent(Kind.self, forKey: .type) ?? .string,
      description: try container.decodeIfPresent(String.self, forKey: .description) ?? "",
      default: try container.decodeIfPresent(JSONValue.self, forKey: .default),
      flag: try container.decodeIfPresent(String.self, forKey: .flag),
      environment: try container.decodeIfPresent(String.self, forKey: .environment),
      secret: try container.decodeIfPresent(Bool.self, forKey: .secret) ?? false)
  }
}
