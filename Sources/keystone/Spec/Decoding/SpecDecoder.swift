import KeystoneKit

/// Turns a checked document into a ``Spec``.
///
/// It runs only on documents without errors, and still takes nothing for granted: what cannot be read becomes the
/// default.
struct SpecDecoder {
  let document: SpecDocument
  let catalog: TypeCatalog

  private var root: YAMLNode { document.root }

  func spec() -> Spec {
    Spec(
      version: root["version"]?.int ?? 1,
      id: root["id"]?.text ?? "",
      name: root["name"]?.text,
      description: root["description"]?.text,
      base: root["base"]?.text ?? "",
      task: SpecTask(
        prompt: root["task"]?["prompt"]?.text ?? "", context: root["task"]?["context"]?.json.object ?? [:]),
      setup: setup(root["setup"]),
      resources: resources(root["resources"]),
      fixtures: (root["fixtures"]?.items ?? []).compactMap(fixture),
      services: ServiceDecoder.services(root["services"]),
      secrets: ServiceDecoder.secrets(root["secrets"]),
      network: NetworkDecoder.network(root["network"]),
      audit: NetworkDecoder.audit(root["audit"]),
      agent: root["agent"].flatMap(agent),
      invariants: (root["invariants"]?.entries ?? []).compactMap(invariant),
      forbidden: (root["forbidden"]?.entries ?? []).map {
        SpecForbiddenRule(type: $0.key, parameters: $0.value.json)
      },
      scoring: ScoringDecoder.scoring(root["scoring"]),
      parallelism: ScoringDecoder.parallelism(root["parallelism"]),
      datasets: (root["datasets"]?.items ?? []).map(ScoringDecoder.dataset),
      determinism: determinism(root["determinism"]),
      teardown: teardown(root["teardown"]),
      snapshots: SpecSnapshots(checkpointsPerAction: root["snapshots"]?["checkpoints"]?.text == "per_action"),
      alerts: (root["alerts"]?.items ?? []).compactMap(alert),
      sections: (root.entries ?? []).filter { !$0.value.isNull }.map(\.key),
      document: document)
  }

  private func setup(_ node: YAMLNode?) -> SpecSetup {
    SpecSetup(
      packages: node?["packages"]?.texts ?? [], commands: node?["commands"]?.texts ?? [],
      files: (node?["files"]?.items ?? []).map { file in
        SpecSetupFile(
          path: file["path"]?.text ?? "", content: file["content"]?.text ?? "",
          mode: file["mode"]?.text.flatMap(FileMode.parse))
      },
      env: node?["env"]?.environment ?? [:])
  }

  private func resources(_ node: YAMLNode?) -> SpecResources {
    SpecResources(
      timeout: node?["timeout"]?.duration, memory: node?["memory"]?.text.flatMap(SizeText.parse),
      cpu: node?["cpu"]?.text.flatMap(CPUText.parse), disk: node?["disk"]?.text.flatMap(SizeText.parse),
      pids: node?["pids"]?.int, concurrencyLimit: node?["concurrency_limit"]?.int)
  }

  private func determinism(_ node: YAMLNode?) -> SpecDeterminism {
    SpecDeterminism(
      clock: node?["clock"]?.text.flatMap { Timestamp($0) }, seed: node?["seed"]?.text.flatMap { UInt64($0) },
      hasStaticDNS: node?["dns"]?.text == "static")
  }

  private func teardown(_ node: YAMLNode?) -> SpecTeardown {
    SpecTeardown(
      alwaysRun: node?["always_run"]?.bool ?? false,
      export: (node?["export"]?.items ?? []).compactMap { export in
        guard let kind = export["type"]?.text.flatMap(SpecExport.Kind.init(rawValue:)) else { return nil }
        return SpecExport(kind: kind, service: export["service"]?.text, to: export["to"]?.text ?? "")
      })
  }

  // MARK: Sections that plugins define

  private func fixture(_ node: YAMLNode) -> SpecFixture? {
    guard let type = node["type"]?.text else { return nil }
    return SpecFixture(type: type, timeout: node["timeout"]?.duration, parameters: parameters(node, .fixture, type))
  }

  private func agent(_ node: YAMLNode) -> SpecAgent? {
    guard let type = node["type"]?.text else { return nil }
    return SpecAgent(
      type: type, model: node["model"]?.text, timeout: node["timeout"]?.duration,
      env: node["env"]?.environment ?? [:], parameters: parameters(node, .agent, type))
  }

  private func invariant(_ entry: YAMLEntry) -> SpecInvariant? {
    let node = entry.value
    guard let check = node["check"], let type = check["type"]?.text else { return nil }
    return SpecInvariant(
      name: entry.key, description: node["description"]?.text ?? "", weight: node["weight"]?.double ?? 1,
      isGate: node["gate"]?.bool ?? false, timeout: check["timeout"]?.duration ?? node["timeout"]?.duration,
      type: type, parameters: parameters(check, .invariant, type))
  }

  private func alert(_ node: YAMLNode) -> SpecAlert? {
    guard let notifier = node["notify"]?.text else { return nil }
    return SpecAlert(
      name: node["name"]?.text ?? "", evalID: node["eval_id"]?.text, condition: node["condition"]?.text ?? "",
      window: node["window"]?.text, notifier: notifier, parameters: parameters(node, .notifier, notifier))
  }

  /// The keys that are not the host's, without optional ones that have no value.
  private func parameters(_ node: YAMLNode, _ point: ExtensionPoint, _ type: String) -> JSONValue {
    let host = Envelope(point).properties
    let schema = catalog[point, type]?.parameters ?? .null
    let required = (schema["required"]?.array ?? []).compactMap(\.string)
    var members: [String: JSONValue] = [:]
    for entry in node.entries ?? [] where host[entry.key] == nil {
      let property = schema["properties"]?[entry.key]
      if entry.value.isNull, let property, !property.acceptsNull, !required.contains(entry.key) { continue }
      members[entry.key] = entry.value.json
    }
    return .object(members)
  }
}

extension YAMLNode {
  /// The text of a scalar as it was written, whatever its type.
  var text: String? { scalar?.text }

  var texts: [String] { (items ?? []).compactMap(\.text) }

  var int: Int? { scalar?.value.int.flatMap { Int(exactly: $0) } }

  var double: Double? { scalar?.value.double }

  var bool: Bool? { scalar?.value.bool }

  var duration: Duration? { text.flatMap(DurationText.parse) }

  /// The entries of a map as environment variables; numbers keep the digits they were written with.
  var environment: [String: String] {
    Dictionary(
      (entries ?? []).compactMap { entry in entry.value.text.map { (entry.key, $0) } },
      uniquingKeysWith: { first, _ in first })
  }
}
