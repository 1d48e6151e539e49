import KeystoneKit

extension SemanticChecker {
  /// Checks the parameter `service` of every plugin type that has one.
  mutating func checkServiceReferences() {
    for (index, item) in (root["fixtures"]?.items ?? []).enumerated() {
      checkService(in: item, .fixture, SpecPath() / "fixtures" / index)
    }
    for entry in root["invariants"]?.entries ?? [] {
      guard let check = entry.value["check"] else { continue }
      checkService(in: check, .invariant, SpecPath() / "invariants" / entry.key / "check")
    }
    if let agent = root["agent"] { checkService(in: agent, .agent, SpecPath() / "agent") }
  }

  private mutating func checkService(in node: YAMLNode, _ point: ExtensionPoint, _ path: SpecPath) {
    guard let type = node["type"]?.text.flatMap({ catalog[point, $0] }),
      type.parameters["properties"]?["service"] != nil, let service = node["service"]
    else { return }
    checkService(service, path / "service")
  }

  /// Checks that a node names a service; templates are left to the run.
  private mutating func checkService(_ node: YAMLNode, _ path: SpecPath) {
    guard let name = node.string, !node.isTemplate(name), !services.contains(name) else { return }
    report(
      node, path, "there is no service `\(Excerpt.clean(name))`",
      expected: services.isEmpty ? "a service that `services` declares" : SchemaWords.list(services),
      suggestion: Suggestion.didYouMean(name, among: services))
  }

  /// Checks that overrides which lead to a service of the spec name one.
  mutating func checkOverrides() {
    for entry in root["network"]?["dns_overrides"]?.entries ?? [] {
      guard let target = entry.value.string else { continue }
      let path = SpecPath() / "network" / "dns_overrides" / entry.key
      let inside = ".services.internal"
      let name = target.hasSuffix(inside) ? String(target.dropLast(inside.count)) : target
      guard !name.contains("."), !name.contains(":"), !services.contains(name) else { continue }
      report(
        entry.value, path, "there is no service `\(Excerpt.clean(name))`",
        expected: services.isEmpty
          ? "a service that `services` declares, or another host"
          : SchemaWords.list(services.map { $0 + inside }) + ", or another host",
        suggestion: Suggestion.didYouMean(name, among: services))
    }
  }

  /// Checks that exports which come from a service name one.
  mutating func checkExports() {
    for (index, item) in (root["teardown"]?["export"]?.items ?? []).enumerated() {
      guard let kind = item["type"]?.text.flatMap(SpecExport.Kind.init(rawValue:)) else { continue }
      let path = SpecPath() / "teardown" / "export" / index
      let needsService = kind == .dbDump || kind == .mockRequests
      if let service = item["service"] {
        checkService(service, path / "service")
      } else if needsService {
        report(
          item, path, "the export `\(kind.rawValue)` lacks `service`", expected: "the service that it comes from")
      }
    }
  }
}
