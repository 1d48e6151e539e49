public import KeystoneKit

/// A judge that clients define: a prompt, and what kind of verdict it gives (http-api 14).
public struct JudgeDefinition: Sendable, Hashable {
  /// What a verdict is.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case binary, classification, score
  }

  /// What the judge is, with every member that the client sent.
  public private(set) var members: [String: JSONValue]
  /// A name for people.
  public let name: String
  /// What its verdict is.
  public let kind: Kind
  /// What it is asked, with `{{variables}}`.
  public let prompt: String
  /// The model that is asked.
  public let model: String
  /// The names of the classes, for a classification.
  public let categories: [String]
  /// The ends of the scale, for a score.
  public let scale: ClosedRange<Double>

  private static let aliases = ["categorical": "classification", "numeric": "score"]

  /// Reads a definition; what is missing has its documented default.
  ///
  /// - Throws: ``InvalidRecord`` that names what is wrong.
  public init(_ body: JSONValue) throws(InvalidRecord) {
    guard var members = body.object?.filter({ $0.value != .null }) else {
      throw InvalidRecord("the judge must be a JSON object")
    }
    for name in ["prompt", "description", "method", "notes", "model", "version"] {
      if let member = members[name], member.string == nil { throw InvalidRecord("`\(name)` must be text") }
    }
    guard let name = members["name"]?.string, !name.isEmpty else {
      throw InvalidRecord("`name` is missing; send it as text")
    }
    let word = members["type"]?.string ?? ""
    guard let kind = Kind(rawValue: Self.aliases[word] ?? word) else {
      throw InvalidRecord("`type` must be one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let categories = (members["categories"]?.array ?? []).map { $0["name"]?.string ?? $0.string }
    guard !categories.contains(nil), kind != .classification || !categories.isEmpty else {
      throw InvalidRecord("`categories` must be a list of {name}, and a classification needs one")
    }
    let (low, high) = (members["score_min"] ?? 0, members["score_max"] ?? 1)
    guard let low = low.double, let high = high.double, low < high else {
      throw InvalidRecord("`score_min` and `score_max` must be numbers, the first below the second")
    }
    members["type"] = .string(kind.rawValue)
    members["method"] = members["method"] ?? "agent"
    members["version"] = members["version"] ?? "v0.0"
    for key in ["prompt", "description", "notes"] where members[key] == nil { members[key] = "" }
    members["model"] = members["model"] ?? "polarity/paragon-fast"
    self.members = members
    self.name = name
    self.kind = kind
    prompt = members["prompt"]?.string ?? ""
    let model = members["model"]?.string ?? ""
    self.model = model.hasPrefix("polarity/") ? String(model.dropFirst(9)) : model
    self.categories = categories.compactMap(\.self)
    scale = low...high
  }

  /// The template of what the model is asked, with a `{placeholder}` for every input.
  ///
  /// Whoever fills it in marks the inputs as untrusted and cuts them; inputs that the prompt does not name come after it.
  public func question(_ inputs: some Collection<String>) throws(InvalidRecord) -> String {
    let places = Dictionary(uniqueKeysWithValues: inputs.map { ($0, JSONValue.string("{\($0)}")) })
    let text = try PromptTemplate(prompt).rendered(with: places)
    let rest = inputs.sorted().filter { !text.contains("{\($0)}") }.map { "{\($0)}" }.joined(separator: "\n\n")
    let task =
      switch kind {
      case .binary: "Decide whether it passes. Score 1 when it does and 0 when it does not."
      case .classification:
        "Choose exactly one of these classes: \(categories.joined(separator: ", ")). "
          + "Begin the reason with the class in square brackets, such as [\(categories.first ?? "")], and score 1."
      case .score: "Give a score from 0 to 1, where 0 stands for \(scale.lowerBound) and 1 for \(scale.upperBound)."
      }
    return [text, rest, task].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// The verdict that a model's score and reason mean; `nil` when a classification names no class.
  public func verdict(score: Double, isPassed: Bool, reason: String) -> [String: JSONValue]? {
    switch kind {
    case .binary: return ["type": "binary", "passed": .bool(isPassed), "reason": .string(reason)]
    case .score:
      let value = scale.lowerBound + score * (scale.upperBound - scale.lowerBound)
      return ["type": "score", "score": .number(value), "reason": .string(reason)]
    case .classification:
      let lowered = reason.lowercased()
      let named = categories.first { lowered.contains("[\($0.lowercased())]") }
      // A model that forgets the brackets still names its class first.
      let first = categories.compactMap { name in
        lowered.firstRange(of: name.lowercased()).map { (name, $0.lowerBound) }
      }.min { $0.1 < $1.1 }?.0
      guard let category = named ?? first else { return nil }
      return ["type": "classification", "category": .string(category), "reason": .string(reason)]
    }
  }
}
