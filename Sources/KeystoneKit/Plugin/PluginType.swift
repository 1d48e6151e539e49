/// What every type a plugin provides has in common, whatever its extension point.
///
/// The host makes one value of the type per process with `init()` and uses it for all calls at once, so it
/// holds no state that belongs to one scenario.
public protocol PluginType: Sendable {
  /// What a spec may say beside `type`; ``NoParameters`` when there is nothing.
  associatedtype Parameters: ParameterSet = NoParameters

  /// The name specs use: lower-case letters, digits and `_`.
  static var type: String { get }

  /// One sentence for `keystone plugin show` and for editors.
  static var summary: String { get }

  /// Makes the one value of this type.
  init()

  /// Finds what the parameters' schema cannot say, such as a malformed regular expression.
  ///
  /// Called when a spec is checked, outside of any scenario. May be left out.
  func validate(_ parameters: Parameters) async throws -> [PluginError.Diagnostic]
}

extension PluginType {
  /// Finds nothing.
  public func validate(_ parameters: Parameters) async throws -> [PluginError.Diagnostic] { [] }
}

/// The parameters of a type that has none.
public struct NoParameters: ParameterSet {
  /// No parameters.
  public init() {}
}
