import KeystoneKit

/// Lets a language model score what no program can decide.
///
/// The answer of the model is read by ``JudgeAnswer``. A model that cannot be reached, or answers nothing that can
/// be read, is asked once more; then the check has not judged, and the agent is not blamed with a score of 0.
struct LLMAsJudge: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Model: `paragon-fast`, `paragon-max`, or a model of the configured provider.")
    var model = "paragon-fast"
    @Parameter("What to judge by, in words.") var criteria: String?
    @Parameter("What makes the work pass or fail: `{pass, fail}`, or a list of lines.") var rubric: JSONValue?
    @Parameter("A prompt of your own, with `{actual}` and scenario parameters in braces.") var promptTemplate: String?
    @Parameter("The name of a built-in prompt.", examples: ["factuality"]) var templateKey: String?
    @Parameter(
      "What is judged: `agent_output`, `stdout` (the same), `workspace` (what changed), the path of a file, or what a mock service recorded: `<service>.request_count`, `.requests`, `.last_request`, `.last_request.body`.",
      examples: ["workspace", "src/main.ts", "payment-api.last_request.body"])
    var inputFrom = "agent_output"
    @Parameter("Sampling temperature.", range: 0...2) var temperature = 0.0
    @Parameter("The least score that passes; 0.5, or what the judge itself says, when absent.", range: 0...1)
    var passThreshold: Double?
  }

  static let type = "llm_as_judge"
  static let summary = "Lets a language model score the result by criteria, a rubric or a named prompt."
  static let sources: [AuditSource] = [.fileChanges]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    var problems: [PluginError.Diagnostic] = []
    if parameters.criteria == nil, parameters.promptTemplate == nil, parameters.templateKey == nil {
      problems.append(.init(path: "$", message: "one of `criteria`, `prompt_template` and `template_key` is needed"))
    }
    if let key = parameters.templateKey, JudgeTemplate.named[key] == nil {
      let known = JudgeTemplate.named.keys.sorted().joined(separator: ", ")
      problems.append(.init(path: "$.template_key", message: "there is no prompt `\(key)`; there are \(known)"))
    }
    if let rubric = parameters.rubric, Rubric(rubric) == nil {
      problems.append(.init(path: "$.rubric", message: "the rubric is neither text, nor a list or map of texts"))
    }
    return problems + SandboxPath(parameters.inputFrom).diagnostics(at: "$.input_from")
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let endpoint = try JudgeEndpoint(model: parameters.model) { context.setting($0)?.string.flatMap(nonEmpty) }
    let material: String
    switch try await JudgeMaterial(from: parameters.inputFrom, in: context) {
    case .missing(let reason): return .fail(reason)
    case .text(let text): material = text
    }
    let prompt: JudgePrompt
    do {
      prompt = try JudgePrompt(
        parameters.template, material: material, values: parameters.values(in: context.scenario),
        rubric: parameters.rubric.flatMap(Rubric.init)?.lines ?? [])
    } catch {
      return .fail("the judge's prompt needs the scenario parameter `\(error.name)`, which is not there")
    }
    let call = JudgeCall(endpoint: endpoint, request: endpoint.request(prompt, temperature: parameters.temperature))
    let answer = try await call.answer(in: context)
    return Score(answer.score, passed: answer.isPassed(threshold: parameters.passThreshold), reason: answer.reason)
  }
}

private func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

extension LLMAsJudge.Parameters {
  /// The prompt these parameters ask for: one of their own, a named one, or one made of the criteria.
  var template: JudgeTemplate {
    let named = templateKey.flatMap { JudgeTemplate.named[$0] }
    guard let promptTemplate else { return named ?? .criteria }
    return JudgeTemplate(
      text: promptTemplate, keys: named?.keys ?? [:], optional: named?.optional ?? [], appendsMaterial: true)
  }

  /// What placeholders stand for: the scenario's parameters, and what the prompt about criteria needs.
  func values(in scenario: Scenario) -> [String: JSONValue] {
    var values = scenario.parameters
    values["task_prompt"] = .string(scenario.task.prompt)
    values["criteria"] = criteria.map { .string($0) }
    return values
  }
}

/// What makes the work pass or fail, as lines for the prompt.
struct Rubric: Equatable {
  var lines: [String]

  /// Reads text, a list of texts, or a map of texts, in which `pass` and `fail` come first.
  init?(_ value: JSONValue) {
    switch value {
    case .null: lines = []
    case .string(let text): lines = [text]
    case .array(let items):
      lines = items.compactMap(\.string)
      if lines.count != items.count { return nil }
    case .object(let members):
      let order = ["pass", "fail"]
      let keys = order.filter { members[$0] != nil } + members.keys.filter { !order.contains($0) }.sorted()
      lines = keys.compactMap { key in members[key]?.string.map { "\(key): \($0)" } }
      if lines.count != keys.count { return nil }
    default: return nil
    }
  }
}
