public import KeystoneKit
import RegularExpression

/// Checks what the agent asked a mock service.
struct HTTPMockAssertions: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("The http_mock service, which has `record: true`.", examples: ["payment-api"]) var service: String
    @Parameter("What must hold; all of them for a pass.") var assertions: [Assertion]
  }

  static let type = "http_mock_assertions"
  static let summary = "Checks the requests that a mock service recorded of the agent."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    if parameters.assertions.isEmpty {
      return [.init(path: "$.assertions", message: "at least one assertion is needed")]
    }
    return parameters.assertions.enumerated().flatMap { $1.diagnostics(at: "$.assertions[\($0)]") }
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let all = try await context.sandbox.recordings(of: parameters.service)
    // What setup and other checks asked is not the agent's doing.
    let requests = all.filter { $0.phase == "agent" }
    var failures: [String] = []
    for assertion in parameters.assertions {
      if let failure = try assertion.failure(among: requests, of: parameters.service) { failures.append(failure) }
    }
    let count = parameters.assertions.count
    guard failures.isEmpty else {
      let share = Double(count - failures.count) / Double(count)
      return Score(share, passed: false, reason: failures.joined(separator: "; "))
    }
    return .pass(
      "\(count == 1 ? "the assertion holds" : "all \(count) assertions hold") for \(requests.count) requests")
  }
}

/// Something that must hold of recorded requests.
struct Assertion: ParameterSet {
  @Parameter(
    "`request_count`, or a recorded field such as `method`, `path`, `body`, `json.amount`, `headers.accept`, `query.page`.",
    examples: ["request_count", "json.amount"])
  var field: String
  @Parameter("Which requests are looked at: recorded fields and their values, in which `*` stands for any text.")
  var filters: [String: JSONValue] = [:]
  @Parameter("Which of them when `field` is not `request_count`.", oneOf: ["every", "any", "first", "last"])
  var which = "every"
  @Parameter("The value it must have.") var equals: JSONValue?
  @Parameter("The value it must not have.") var notEquals: JSONValue?
  @Parameter("A text, or a member of an array, that it must contain.") var contains: JSONValue?
  @Parameter("A text, or a member of an array, that it must not contain.") var notContains: JSONValue?
  @Parameter("A regular expression (PCRE2) that must match somewhere.") var matches: String?
  @Parameter("The least number it may be.", name: "min") var least: Double?
  @Parameter("The largest number it may be.", name: "max") var most: Double?
  @Parameter("Whether it must be there.") var exists: Bool?

  static let countField = "request_count"

  func diagnostics(at path: String) -> [PluginError.Diagnostic] {
    var problems: [PluginError.Diagnostic] = []
    let conditions: [Any?] = [equals, notEquals, contains, notContains, matches, least, most, exists]
    if conditions.allSatisfy({ $0 == nil }) {
      problems.append(
        .init(
          path: path, message: "one of equals, not_equals, contains, not_contains, matches, min, max, exists is needed")
      )
    }
    if field != Self.countField, !RequestField.isKnown(field) {
      problems.append(.init(path: "\(path).field", message: "`\(field)` is not recorded; \(RequestField.list)"))
    }
    for name in filters.keys.sorted() where !RequestField.isKnown(name) && RequestField.loose(name) == nil {
      problems.append(
        .init(path: "\(path).filters.\(name)", message: "`\(name)` is not recorded; \(RequestField.list)"))
    }
    if let matches {
      do { _ = try RegularExpression(matches) } catch {
        problems.append(.init(path: "\(path).matches", message: error.message))
      }
    }
    return problems
  }

  /// Why it does not hold; `nil` when it does.
  func failure(among requests: [RecordedRequest], of service: String) throws -> String? {
    let chosen = requests.filter(isChosen)
    let scope = filters.isEmpty ? "" : " with \(JSONValue.object(filters).text)"
    if field == Self.countField {
      guard let wrong = try complaint(about: .integer(Int64(chosen.count))) else { return nil }
      return "\(service) had \(chosen.count) requests\(scope), \(wrong)"
    }
    guard !chosen.isEmpty else { return "\(service) had no requests\(scope), so `\(field)` cannot be looked at" }
    switch which {
    case "first": return try failure(in: [chosen[0]], service)
    case "last": return try failure(in: [chosen[chosen.count - 1]], service)
    case "any":
      for request in chosen where try complaint(about: RequestField.value(field, of: request)) == nil { return nil }
      let first = try failure(in: chosen, service) ?? ""
      return "of \(chosen.count) requests of \(service)\(scope) none is as wanted: \(first)"
    default: return try failure(in: chosen, service)
    }
  }

  private func isChosen(_ request: RecordedRequest) -> Bool {
    filters.allSatisfy { name, wanted in
      let values =
        RequestField.isKnown(name)
        ? [RequestField.value(name, of: request)] : RequestField.loose(name).map { $0(request) } ?? []
      return values.contains { value in value.map { Self.isLike($0, wanted) } ?? (wanted == .null) }
    }
  }

  private func failure(in requests: [RecordedRequest], _ service: String) throws -> String? {
    for request in requests {
      let value = RequestField.value(field, of: request)
      guard let wrong = try complaint(about: value) else { continue }
      let which = "request \(request.sequence) of \(service) (\(request.method) \(request.path))"
      return "`\(field)` of \(which) is \(shown(value)), \(wrong)"
    }
    return nil
  }

  /// What is wrong with a value; `nil` when nothing is.
  private func complaint(about value: JSONValue?) throws -> String? {
    if let exists, exists != (value != nil && value != .null) { return "but must \(exists ? "" : "not ")be there" }
    if let equals, !Self.isEqual(value ?? .null, equals) { return "instead of \(shown(equals))" }
    if let notEquals, Self.isEqual(value ?? .null, notEquals) { return "which it must not be" }
    if let contains, !Self.has(value, contains) { return "which does not contain \(shown(contains))" }
    if let notContains, Self.has(value, notContains) { return "which contains \(shown(notContains))" }
    if let matches, try !RegularExpression(matches).matches(Array(Self.text(value).utf8)) {
      return "which does not match `\(matches)`"
    }
    if least != nil || most != nil {
      guard let number = value?.double ?? Double(Self.text(value)) else { return "which is no number" }
      if let least, number < least { return "which is less than \(least)" }
      if let most, number > most { return "which is more than \(most)" }
    }
    return nil
  }

  // MARK: Values

  /// Equal as values; numbers and texts that look alike are equal too, since forms and queries have texts only.
  static func isEqual(_ one: JSONValue, _ other: JSONValue) -> Bool {
    if one == other { return true }
    if let one = one.double, let other = other.double { return one == other }
    switch (one, other) {
    case (.string(let text), .integer), (.string(let text), .number), (.string(let text), .bool):
      return text == other.text
    case (.integer, .string(let text)), (.number, .string(let text)), (.bool, .string(let text)):
      return text == one.text
    default: return false
    }
  }

  private static func isLike(_ value: JSONValue, _ wanted: JSONValue) -> Bool {
    if case .array(let items) = value, items.contains(where: { isLike($0, wanted) }) { return true }
    guard let pattern = wanted.string, pattern.contains("*") else { return isEqual(value, wanted) }
    var rest = text(value)[...]
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard rest.hasPrefix(pieces[0]) else { return false }
    rest = rest.dropFirst(pieces[0].count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let found = rest.firstRange(of: piece) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(pieces[pieces.count - 1])
  }

  private static func has(_ value: JSONValue?, _ wanted: JSONValue) -> Bool {
    if let items = value?.array { return items.contains { isEqual($0, wanted) } }
    if let members = value?.object, let name = wanted.string { return members[name] != nil }
    return text(value).contains(wanted.string ?? wanted.text)
  }

  static func text(_ value: JSONValue?) -> String { value.map { $0.string ?? $0.text } ?? "" }

  private func shown(_ value: JSONValue?) -> String {
    guard let value else { return "not there" }
    let text = value.text
    return text.count <= 200 ? text : "\(text.prefix(200))…"
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("http_mock_assertions", version: "1.0.0", HTTPMockAssertions.self).export(to: host)
}
