package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSpec

/// What a spec needs and this version, or the chosen runtime, does not have.
///
/// A spec is refused by name before anything starts; it is never run with less than it says.
package enum UnmetNeeds {
  /// One sentence per need, none when the spec can be run.
  package static func of(_ spec: Spec, runtime: TypeDescriptor) -> [String] {
    sections(spec) + images(spec, runtime) + limits(spec, runtime) + audit(spec) + setup(spec, runtime)
  }

  private static func sections(_ spec: Spec) -> [String] {
    var needs: [String] = []
    let mocks = spec.services.filter { if case .httpMock = $0.kind { true } else { false } }
    if !mocks.isEmpty {
      needs.append("`services` of type http_mock (\(mocks.map(\.name).joined(separator: ", "))) are not available yet")
    }
    if spec.network.egress.policy == .allow || !spec.network.egress.allow.isEmpty {
      needs.append("`network.egress` cannot be opened in this version: a sandbox reaches nothing but itself")
    }
    if !spec.network.dnsOverrides.isEmpty { needs.append("`network.dns_overrides` are not available in this version") }
    if !spec.network.ingress.allow.isEmpty { needs.append("`network.ingress.allow` is not available in this version") }
    if spec.determinism.clock != nil { needs.append("`determinism.clock` is not available in this version") }
    if spec.determinism.hasStaticDNS { needs.append("`determinism.dns` is not available in this version") }
    if !spec.teardown.export.isEmpty { needs.append("`teardown.export` is not available in this version") }
    if spec.snapshots.checkpointsPerAction { needs.append("`snapshots.checkpoints` is not available in this version") }
    if spec.secrets.contains(where: { $0.fileTemplate != nil }) {
      needs.append("`secrets[].scope.file_template` is not available in this version")
    }
    return needs
  }

  private static func images(_ spec: Spec, _ runtime: TypeDescriptor) -> [String] {
    let images = spec.services.filter { if case .image = $0.kind { true } else { false } }
    guard !images.isEmpty, !runtime.capabilities.contains("services") else { return [] }
    let names = images.map(\.name).joined(separator: ", ")
    return ["`services` from images (\(names)): the runtime `\(runtime.type)` cannot run any; use another runtime"]
  }

  private static func limits(_ spec: Spec, _ runtime: TypeDescriptor) -> [String] {
    let wanted: [(String, Bool)] = [
      ("resources.memory", spec.resources.memory != nil), ("resources.cpu", spec.resources.cpu != nil),
      ("resources.disk", spec.resources.disk != nil), ("resources.pids", spec.resources.pids != nil),
    ]
    return wanted.filter(\.1).map(\.0).filter { !runtime.capabilities.contains("limit:\($0)") }.map {
      "`\($0)` cannot be enforced by the runtime `\(runtime.type)` in this version; remove it to run without this limit"
    }
  }

  private static func audit(_ spec: Spec) -> [String] {
    let wanted: [(String, Bool)] = [
      ("audit.db_writes", spec.audit.dbWrites), ("audit.http_calls", spec.audit.httpCalls),
      ("audit.process_spawns", spec.audit.processSpawns),
      ("audit.file_system", !spec.audit.watch.isEmpty || !spec.audit.track.isEmpty),
    ]
    return wanted.filter(\.1).map { "`\($0.0)` cannot be recorded in this version" }
  }

  private static func setup(_ spec: Spec, _ runtime: TypeDescriptor) -> [String] {
    guard !spec.setup.packages.isEmpty, !runtime.capabilities.contains("packages") else { return [] }
    return [
      "`setup.packages`: the runtime `\(runtime.type)` cannot install packages; install them on this machine and remove the key"
    ]
  }

  /// Forbidden rules whose sources the runtime or this version does not have.
  package static func sources(
    _ spec: Spec, registry: PluginRegistry, environment: SandboxEnvironment
  ) -> [(rule: String, sentence: String)] {
    spec.forbidden.compactMap { rule in
      guard let type = registry.type(.forbidden, rule.type) else { return nil }
      let missing = type.descriptor.sources.filter {
        environment.audit[$0.rawValue, default: "none"] == "none"
      }
      guard !missing.isEmpty else { return nil }
      let names = missing.map(\.rawValue).joined(separator: ", ")
      return (
        rule.type,
        "the rule `\(rule.type)` needs the audit source \(names), which the runtime `\(environment.runtime)` does not have"
      )
    }
  }
}
