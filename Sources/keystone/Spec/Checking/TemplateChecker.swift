import KeystoneKit

/// Checks that templates refer to what the spec declares.
struct TemplateChecker {
  private let root: YAMLNode
  private let secrets: Set<String>
  private let parameters: Set<String>
  private let hasDatasets: Bool
  private var problems: [SpecProblem] = []

  init(root: YAMLNode) {
    self.root = root
    secrets = Set((root["secrets"]?.items ?? []).compactMap { $0.text ?? $0["name"]?.text })
    parameters = Set((root["parallelism"]?["matrix"]?.items ?? []).flatMap { ($0.entries ?? []).map(\.key) })
    hasDatasets = root["datasets"] != nil
  }

  mutating func check() -> [SpecProblem] {
    visit(root, SpecPath())
    return problems
  }

  private mutating func visit(_ node: YAMLNode, _ path: SpecPath) {
    guard problems.count < SchemaChecker.enough else { return }
    switch node.content {
    case .sequence(let items):
      for (index, item) in items.enumerated() { visit(item, path / index) }
    case .mapping(let entries):
      for entry in entries { visit(entry.value, path / entry.key) }
    case .scalar(let scalar):
      guard let text = scalar.value.string, text.utf8.contains(UInt8(ascii: "{")) else { return }
      let template = Template(text)
      for reference in template.references { check(reference, node, path) }
      for stranger in template.strangers { checkStranger(stranger, node, path) }
    }
  }

  private mutating func check(_ reference: String, _ node: YAMLNode, _ path: SpecPath) {
    let parts = reference.split(separator: ".").map(String.init)
    let name = parts.dropFirst().joined(separator: ".")
    switch parts[0] {
    case "secrets" where !secrets.contains(name):
      report(node, path, reference, "the spec declares no secret `\(name)`", declare("secrets", name), secrets, name)
    case "matrix" where !parameters.contains(name):
      report(
        node, path, reference, "no entry of `parallelism.matrix` has the key `\(name)`",
        "add the key to every matrix entry", parameters, name)
    case "parameters" where !parameters.contains(name) && !hasDatasets:
      report(
        node, path, reference, "no entry of `parallelism.matrix` has the key `\(name)`",
        "add the key to every matrix entry", parameters, name, severity: .warning)
    case "dataset" where !hasDatasets:
      report(
        node, path, reference, "the spec has no `datasets`", "add `datasets`, or give one when the spec is run",
        [], name, severity: .warning)
    case "task": checkTask(name, reference, node, path)
    default: break
    }
  }

  private mutating func checkTask(_ name: String, _ reference: String, _ node: YAMLNode, _ path: SpecPath) {
    let isPrompt = name == "prompt"
    if isPrompt, path == SpecPath() / "task" / "prompt" {
      report(node, path, reference, "the prompt cannot contain itself", "remove the reference", [], name)
    } else if !isPrompt, !name.hasPrefix("context.") {
      report(
        node, path, reference, "`task` has no such member", "use `task.prompt` or `task.context.KEY`", ["prompt"], name)
    }
  }

  private mutating func checkStranger(_ reference: String, _ node: YAMLNode, _ path: SpecPath) {
    let scope = reference.prefix { $0 != "." }
    guard let meant = Suggestion.closest(to: String(scope), among: Template.scopes) else { return }
    let full = meant + reference.dropFirst(scope.count)
    problems.append(
      SpecProblem(
        severity: .warning, range: node.range, path: path,
        message: "`{{ \(Excerpt.clean(reference)) }}` is ordinary text, there is no such scope",
        expected: SchemaWords.list(Template.scopes), suggestion: "did you mean `{{ \(Excerpt.clean(full)) }}`?"))
  }

  private func declare(_ section: String, _ name: String) -> String {
    "add `\(name)` to `\(section)`, or write `\\{{` if ordinary text is meant"
  }

  private mutating func report(
    _ node: YAMLNode, _ path: SpecPath, _ reference: String, _ reason: String, _ remedy: String,
    _ candidates: Set<String>, _ name: String, severity: SpecDiagnostic.Severity = .error
  ) {
    problems.append(
      SpecProblem(
        severity: severity, range: node.range, path: path,
        message: "`{{ \(Excerpt.clean(reference)) }}` refers to nothing: \(reason)",
        suggestion: Suggestion.didYouMean(name, among: candidates) ?? remedy))
  }
}
