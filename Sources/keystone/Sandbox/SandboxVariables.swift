package import KeystoneKit
import KeystoneSpec

/// The environment variables that every command of a sandbox gets.
enum SandboxVariables {
  static func base(_ plan: SandboxPlan, environment: SandboxEnvironment) -> [String: String] {
    let scenario = plan.scenario
    var variables = plan.secrets
    if let access = plan.access {
      variables["KEYSTONE_BASE_URL"] = SandboxAccess.url
      variables["KEYSTONE_API_KEY"] = access.token
    }
    variables["KEYSTONE_SANDBOX_ID"] = scenario.sandboxID
    variables["KEYSTONE_SCENARIO_ID"] = scenario.id
    variables["KEYSTONE_SPEC_ID"] = scenario.specID
    variables["KEYSTONE_SEED"] = String(scenario.seed)
    variables["KEYSTONE_REPLICA"] = String(scenario.replica)
    variables["KEYSTONE_WORKSPACE"] = environment.workspacePath
    for (key, value) in scenario.parameters {
      variables["KEYSTONE_PARAM_\(upperSnake(key))"] = value.templateText
    }
    let templates = TemplateValues(scenario: scenario, secrets: plan.secrets)
    for (key, value) in plan.spec.setup.env { variables[key] = (try? templates.render(value)) ?? value }
    return variables
  }

  /// `http-mock` as `HTTP_MOCK`.
  static func upperSnake(_ name: String) -> String {
    String(name.uppercased().map { $0.isLetter && $0.isASCII || $0.isNumber && $0.isASCII ? $0 : "_" })
  }
}

/// What the templates of a spec stand for in one scenario.
package struct TemplateValues: Sendable {
  let scenario: Scenario?
  let secrets: [String: String]

  /// The values of a scenario, or only the secrets where there is none.
  package init(scenario: Scenario? = nil, secrets: [String: String]) {
    self.scenario = scenario
    self.secrets = secrets
  }

  /// The value of a reference such as `task.prompt`; `nil` when there is none.
  package func value(of reference: String) -> JSONValue? {
    guard let dot = reference.firstIndex(of: ".") else { return nil }
    let name = String(reference[reference.index(after: dot)...])
    switch reference[..<dot] {
    case "secrets": return secrets[name].map { .string($0) }
    case "matrix", "parameters", "dataset": return parameter(name)
    case "task" where name == "prompt": return scenario.map { .string($0.task.prompt) }
    case "task": return name.hasPrefix("context.") ? scenario?.task.context[String(name.dropFirst(8))] : nil
    default: return nil
    }
  }

  /// The parameter of that name or, where there is none, what the name leads to inside a parameter: `input.customer`.
  private func parameter(_ name: String) -> JSONValue? {
    guard let parameters = scenario?.parameters else { return nil }
    if let value = parameters[name] { return value }
    var value: JSONValue? = .object(parameters)
    for part in name.split(separator: ".", omittingEmptySubsequences: false) { value = value?[String(part)] }
    return value
  }

  /// `text` with its templates filled in.
  package func render(_ text: String) throws -> String {
    try Template(text).render { value(of: $0).map { $0.templateText } }
  }

  /// `parameters` with the templates in all their strings filled in.
  package func render(_ parameters: JSONValue, schema: JSONValue = .null) throws -> JSONValue {
    try parameters.rendering(schema: schema) { value(of: $0) }
  }
}
