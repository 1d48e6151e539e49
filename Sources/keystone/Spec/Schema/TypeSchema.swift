public import KeystoneKit

/// What a plugin says about one type that it provides.
public struct TypeSchema: Sendable, Hashable {
  /// The extension point that the type belongs to.
  public var point: ExtensionPoint
  /// The name that specs use, such as `file_exists` or `acme/lines_at_most`.
  public var type: String
  /// What the type does, in one sentence.
  public var description: String
  /// A JSON Schema (2020-12) of the parameters, without the keys that belong to the host.
  public var parameters: JSONValue
  /// The name of the plugin that provides the type.
  public var plugin: String

  /// Describes one type.
  public init(
    point: ExtensionPoint, type: String, description: String, parameters: JSONValue, plugin: String
  ) {
    self.point = point
    self.type = type
    self.description = description
    self.parameters = parameters
    self.plugin = plugin
  }

  /// Takes over what a plugin's descriptor says about a type.
  public init(_ descriptor: TypeDescriptor, plugin: String) {
    self.init(
      point: descriptor.point, type: descriptor.type, description: descriptor.description,
      parameters: descriptor.parameters, plugin: plugin)
  }
}
