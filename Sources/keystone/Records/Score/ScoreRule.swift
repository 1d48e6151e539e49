public import KeystoneKit

/// A rule that scores runs after they are done (http-api 12).
public struct ScoreRule: Sendable {
  /// The types whose rules need a sandbox, which is gone when a run is scored afterwards.
  static let sandboxTypes: Set<String> = ["file_exists", "file_content", "command_exit", "sql"]
  /// The types that ask somebody else.
  static let askingTypes: Set<String> = ["llm_as_judge", "custom", "embedding_similarity"]

  /// A name for people.
  public var name: String
  /// The type.
  public var type: String
  /// What the type needs to know.
  public var config: [String: JSONValue]

  /// Reads `{name, type, config}`.
  ///
  /// - Throws: ``InvalidRecord`` that names what is wrong.
  public init(_ body: JSONValue) throws(InvalidRecord) {
    guard let name = body["name"]?.string, !name.isEmpty else {
      throw InvalidRecord("`name` is missing; send a name for the rule")
    }
    let known = Self.sandboxTypes.union(Self.askingTypes).union(HeuristicScore.types)
    guard let type = body["type"]?.string, known.contains(type) else {
      throw InvalidRecord("`type` must be one of \(known.sorted().joined(separator: ", "))")
    }
    let config = body["config"] ?? [:]
    guard let members = config.object ?? (config == .null ? [:] : nil) else {
      throw InvalidRecord("`config` must be an object")
    }
    self.name = name
    self.type = type
    self.config = members
    if HeuristicScore.types.contains(type), let problem = HeuristicScore(type: type, config: members).problem {
      throw InvalidRecord(problem)
    }
  }

  /// The rule without its identity, as it is kept.
  public var body: JSONValue { ["name": .string(name), "type": .string(type), "config": .object(config)] }
}
