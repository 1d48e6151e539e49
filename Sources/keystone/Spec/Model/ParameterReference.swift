public import KeystoneKit

/// Names the place in a spec where the parameters of one plugin type stand.
public enum ParameterReference: Sendable, Hashable {
  /// The fixture with this index in `fixtures`.
  case fixture(Int)
  /// The check of the invariant with this name.
  case invariant(String)
  /// The rule of this type in `forbidden`.
  case forbidden(String)
  /// The agent.
  case agent
  /// The notifier of the alert with this index in `alerts`.
  case notifier(Int)
}

extension ParameterReference {
  /// The extension point that the parameters belong to.
  public var point: ExtensionPoint {
    switch self {
    case .fixture: .fixture
    case .invariant: .invariant
    case .forbidden: .forbidden
    case .agent: .agent
    case .notifier: .notifier
    }
  }

  /// The path of the parameters in the spec, such as `invariants.tests_pass.check`.
  public var path: String { SpecPath(components).description }

  var components: [SpecPath.Component] {
    switch self {
    case .fixture(let index): [.key("fixtures"), .index(index)]
    case .invariant(let name): [.key("invariants"), .key(name), .key("check")]
    case .forbidden(let type): [.key("forbidden"), .key(type)]
    case .agent: [.key("agent")]
    case .notifier(let index): [.key("alerts"), .index(index)]
    }
  }
}
