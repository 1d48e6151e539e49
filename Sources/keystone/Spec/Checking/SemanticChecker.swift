import KeystoneKit

/// Finds what a schema cannot say: names that lead nowhere, and values that contradict each other.
///
/// It works on the nodes and takes nothing for granted, so that it runs beside the schema's check and every problem is
/// found at once.
struct SemanticChecker {
  let root: YAMLNode
  let catalog: TypeCatalog
  var problems: [SpecProblem] = []
  let services: [String]

  init(root: YAMLNode, catalog: TypeCatalog) {
    self.root = root
    self.catalog = catalog
    services = (root["services"]?.items ?? []).compactMap { $0["name"]?.text }
  }

  mutating func check() -> [SpecProblem] {
    guard root.entries != nil else { return [] }
    checkDuplicates("services", "service")
    checkDuplicates("secrets", "secret")
    checkDuplicates("alerts", "alert")
    checkSecrets()
    checkServiceReferences()
    checkOverrides()
    checkExports()
    checkInvariants()
    checkAggregation()
    checkMatrix()
    var templates = TemplateChecker(root: root)
    return problems + templates.check()
  }

  mutating func report(
    _ node: YAMLNode, _ path: SpecPath, _ message: String, expected: String? = nil, suggestion: String? = nil,
    severity: SpecDiagnostic.Severity = .error
  ) {
    problems.append(
      SpecProblem(
        severity: severity, range: node.range, path: path, message: message, expected: expected,
        suggestion: suggestion))
  }

  private mutating func checkDuplicates(_ section: String, _ what: String) {
    var seen: Set<String> = []
    for (index, item) in (root[section]?.items ?? []).enumerated() {
      guard let name = item["name"] ?? (item.text == nil ? nil : item), let text = name.text else { continue }
      guard !seen.insert(text).inserted else { continue }
      report(
        name, SpecPath() / section / index / "name", "the \(what) `\(Excerpt.clean(text))` is declared twice",
        suggestion: "remove or rename one of the two")
    }
  }

  private mutating func checkSecrets() {
    for (index, item) in (root["secrets"]?.items ?? []).enumerated() {
      guard item["source"] != nil, let from = item["from"] else { continue }
      report(
        from, SpecPath() / "secrets" / index / "from", "a secret has both `source` and `from`",
        expected: "`source` for a value of the caller, or `from` for one that the spec owns",
        suggestion: "remove one of the two")
    }
  }

  // MARK: Checks and verdicts

  private mutating func checkInvariants() {
    guard let node = root["invariants"], let entries = node.entries, !entries.isEmpty else { return }
    for entry in entries {
      guard let inner = entry.value["check"]?["timeout"], entry.value["timeout"] != nil else { continue }
      report(
        inner, SpecPath() / "invariants" / entry.key / "check" / "timeout", "the timeout is given twice",
        suggestion: "keep the one beside `check` or the one in it")
    }
    let weights = entries.map { entry -> Double in
      guard let weight = entry.value["weight"] else { return 1 }
      return weight.double ?? 1
    }
    if weights.allSatisfy({ $0 == 0 }) {
      report(
        node, SpecPath() / "invariants", "every invariant has the weight 0, so there is no score",
        expected: "at least one weight above 0")
    }
  }

  private mutating func checkAggregation() {
    guard let node = root["scoring"]?["replica_aggregation"], let strategy = node["strategy"]?.text else { return }
    let path = SpecPath() / "scoring" / "replica_aggregation"
    if strategy == "percentage", node["min_pass_rate"] == nil {
      report(
        node, path, "the strategy `percentage` needs `min_pass_rate`",
        expected: "`min_pass_rate`: a number from 0 to 1")
    } else if strategy != "percentage", let rate = node["min_pass_rate"] {
      report(
        rate, path / "min_pass_rate", "`min_pass_rate` has no effect with the strategy `\(Excerpt.clean(strategy))`",
        suggestion: "use the strategy `percentage`, or remove `min_pass_rate`", severity: .warning)
    }
  }

  private mutating func checkMatrix() {
    let entries = root["parallelism"]?["matrix"]?.items ?? []
    guard let first = entries.first?.entries else { return }
    let keys = Set(first.map(\.key))
    for (index, entry) in entries.enumerated().dropFirst() {
      guard let other = entry.entries, Set(other.map(\.key)) != keys else { continue }
      let difference = keys.symmetricDifference(other.map(\.key)).sorted()
      report(
        entry, SpecPath() / "parallelism" / "matrix" / index,
        "this matrix entry and the first one differ in \(SchemaWords.list(difference, isChoice: false))",
        suggestion: "give every entry the same keys", severity: .warning)
    }
  }
}
