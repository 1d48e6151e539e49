package import KeystoneKit
package import KeystonePluginHost
import KeystoneSandbox
package import KeystoneSpec

/// What a spec needs and this version, or the chosen runtime, does not have.
///
/// A spec is refused by name before anything starts; it is never run with less than it says.
package enum UnmetNeeds {
  /// One sentence per need, none when the spec can be run.
  package static func of(_ spec: Spec, runtime: TypeDescriptor) -> [String] {
    sections(spec) + images(spec, runtime) + limits(spec, runtime) + setup(spec, runtime)
  }

  private static func sections(_ spec: Spec) -> [String] {
    var needs: [String] = []
    if !spec.network.ingress.allow.isEmpty {
      needs.append("`network.ingress.allow` is not available in this version; remove it, nothing can enter the sandbox")
    }
    if spec.snapshots.checkpointsPerAction {
      needs.append("`snapshots.checkpoints` is not available in this version; remove it")
    }
    return needs
      + spec.network.egress.allow.filter { $0.hasPrefix("[") }.map {
        "`network.egress.allow` cannot have `\($0)`: a sandbox has no IPv6; name the host or its IPv4 address"
      }
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
    let asked = AuditSelection(spec, registry: registry).needed.filter {
      environment.audit[$0.rawValue, default: "none"] == "none"
    }
    let sections = asked.prefix(1).map { source in
      (
        "audit",
        "the audit source \(source.rawValue) is asked for, which the runtime `\(environment.runtime)` does not have"
      )
    }
    return rules(spec, registry: registry, environment: environment) + sections + limits(spec, environment)
  }

  /// Limits that the spec names and this sandbox is not kept to.
  private static func limits(_ spec: Spec, _ environment: SandboxEnvironment) -> [(String, String)] {
    let wanted: [(String, String, Bool)] = [
      ("memory", "memory", spec.resources.memory != nil), ("cpu", "cpu", spec.resources.cpu != nil),
      ("disk", "disk", spec.resources.disk != nil), ("pids", "processes", spec.resources.pids != nil),
    ]
    return wanted.filter { $0.2 && environment.limits[$0.1, default: "none"] == "none" }.map { name, _, _ in
      (
        "resources.\(name)",
        "`resources.\(name)` cannot be kept to here by the runtime `\(environment.runtime)`; run as root or with an engine, or remove it"
      )
    }
  }

  private static func rules(
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
