public import KeystoneKit
internal import KeystoneSpec

/// A rule that says when somebody is told about runs (http-api 9).
public struct AlertRule: Sendable, Hashable {
  /// The members that are the host's; every other member is a parameter of the notifier.
  private static let own: Set<String> = ["id", "name", "condition", "eval_id", "window", "notify"]
  /// What a server adds to a rule that clients may send back.
  private static let added: Set<String> = ["user_id", "created_at"]

  /// The id that the client chose.
  public var id: String?
  /// A name for people.
  public var name: String
  /// When it fires, such as `pass_rate < 0.8`.
  public var condition: String
  /// The spec whose runs it watches; all specs of the workspace when `nil`.
  public var evalID: String?
  /// The runs it looks at; the one that just ended when `nil`.
  public var window: AlertWindow?
  /// The notifier type.
  public var notifier: String
  /// What the notifier needs to know.
  public var parameters: [String: JSONValue]

  /// Reads a rule.
  ///
  /// - Throws: ``InvalidRecord`` that names what is wrong.
  public init(_ body: JSONValue) throws(InvalidRecord) {
    guard let members = body.object?.filter({ $0.value != .null }) else {
      throw InvalidRecord("the rule must be a JSON object")
    }
    id = try Self.text("id", members)
    guard let name = try Self.text("name", members) else { throw InvalidRecord("`name` is missing; send it as text") }
    guard let condition = try Self.text("condition", members), AlertGrammar.isCondition(condition) else {
      throw InvalidRecord(
        "`condition` must be a metric, an operator and a number such as `pass_rate < 0.8`; the metrics are "
          + AlertGrammar.metrics.joined(separator: ", "))
    }
    guard let notifier = try Self.text("notify", members) else {
      throw InvalidRecord("`notify` is missing; send the type of a notifier, such as `webhook`")
    }
    self.name = name
    self.condition = condition
    self.notifier = notifier
    evalID = try Self.text("eval_id", members)
    if let text = try Self.text("window", members) {
      guard let window = AlertWindow(text) else {
        throw InvalidRecord("`window` must be `last_<N>_runs` or `last_<N>h`, such as `last_5_runs`")
      }
      self.window = window
    }
    parameters = members.filter { !Self.own.contains($0.key) && !Self.added.contains($0.key) }
  }

  /// A rule that a spec declares.
  public init(
    id: String, name: String, condition: String, evalID: String?, window: AlertWindow?, notifier: String,
    parameters: [String: JSONValue]
  ) {
    self.id = id
    self.name = name
    self.condition = condition
    self.evalID = evalID
    self.window = window
    self.notifier = notifier
    self.parameters = parameters
  }

  private static func text(_ name: String, _ members: [String: JSONValue]) throws(InvalidRecord) -> String? {
    guard let member = members[name] else { return nil }
    guard let text = member.string else { throw InvalidRecord("`\(name)` must be text") }
    return text.isEmpty ? nil : text
  }

  /// The rule without its identity, as it is kept.
  public var body: JSONValue {
    var members = parameters
    members["name"] = .string(name)
    members["condition"] = .string(condition)
    members["notify"] = .string(notifier)
    members["eval_id"] = evalID.map { .string($0) }
    members["window"] = window.map { .string($0.text) }
    return .object(members)
  }

  /// Whether it watches runs of this spec.
  public func watches(_ spec: String) -> Bool { evalID == nil || evalID == spec }
}

/// The runs that an alert looks at, the one that just ended included.
public enum AlertWindow: Sendable, Hashable {
  /// The last runs of the spec.
  case runs(Int)
  /// The runs of the spec that ended in the last hours.
  case hours(Int)

  /// Reads `last_5_runs` or `last_24h`; `nil` when it is neither.
  public init?(_ text: String) {
    guard AlertGrammar.isWindow(text) else { return nil }
    let count = Int(text.dropFirst(5).prefix { $0.isNumber }) ?? 1
    self = text.hasSuffix("_runs") ? .runs(count) : .hours(count)
  }

  /// How clients write it.
  public var text: String {
    switch self {
    case .runs(let count): "last_\(count)_runs"
    case .hours(let count): "last_\(count)h"
    }
  }
}
