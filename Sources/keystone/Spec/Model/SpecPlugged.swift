public import KeystoneKit

/// One piece of seed data.
public struct SpecFixture: Sendable, Hashable {
  /// The fixture type.
  public var type: String
  /// The longest time it may take, when the document gives one.
  public var timeout: Duration?
  /// The parameters of the type, without the keys that belong to the host.
  public var parameters: JSONValue
}

/// The agent under test.
public struct SpecAgent: Sendable, Hashable {
  /// The agent type.
  public var type: String
  /// The model that the agent should use, when the document names one.
  public var model: String?
  /// The longest time the agent may take, when the document gives one.
  public var timeout: Duration?
  /// Environment variables for the agent alone; values may contain templates.
  public var env: [String: String]
  /// The parameters of the type, without the keys that belong to the host.
  public var parameters: JSONValue
}

/// A check of the final state.
public struct SpecInvariant: Sendable, Hashable {
  /// The key under `invariants`.
  public var name: String
  /// What is checked, in words; empty when the document does not say.
  public var description: String
  /// The share in the composite score, 0 or more.
  public var weight: Double
  /// Whether a failure forces the composite score to 0.
  public var isGate: Bool
  /// The longest time the check may take, when the document gives one.
  public var timeout: Duration?
  /// The check's type.
  public var type: String
  /// The parameters of the type, without the keys that belong to the host.
  public var parameters: JSONValue
}

/// A rule about what the agent must not do.
public struct SpecForbiddenRule: Sendable, Hashable {
  /// The rule's type, which is its key under `forbidden`.
  public var type: String
  /// The parameters, in whatever shape the type wants: object, array or scalar.
  public var parameters: JSONValue
}

/// An alert on the metrics of this spec.
public struct SpecAlert: Sendable, Hashable {
  /// The alert's name.
  public var name: String
  /// The spec it watches; `nil` means the one that declares it.
  public var evalID: String?
  /// When it fires, such as `pass_rate < 0.8`.
  public var condition: String
  /// The runs it looks at, such as `last_5_runs` or `last_24h`.
  public var window: String?
  /// The notifier type that is told.
  public var notifier: String
  /// The parameters of the notifier type, without the keys that belong to the host.
  public var parameters: JSONValue
}
