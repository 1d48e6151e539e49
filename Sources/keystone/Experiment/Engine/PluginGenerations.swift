import KeystoneKit
package import KeystonePluginHost
import KeystoneSandbox

/// The plugins of a daemon, generation after generation: what runs finishes on the one it began with.
package actor PluginGenerations {
  /// How a reload ended.
  package enum Outcome: Sendable, Equatable {
    /// The new generation serves what begins now.
    case taken(generation: Int, added: [String], removed: [String])
    /// The old generation goes on, because plugins were refused or what runs sandboxes is gone; full sentences.
    case refused(reasons: [String])
  }

  private let host: CurrentHost
  private let open: @Sendable () async -> PluginRegistry
  private var generation = 1

  /// Generations of `host`, each found by `open`.
  package init(host: CurrentHost, open: @escaping @Sendable () async -> PluginRegistry) {
    self.host = host
    self.open = open
  }

  /// The number of the generation that serves, from 1.
  package var current: Int { generation }

  /// Looks at the plugins anew and serves with them, unless one is refused that the old generation did not refuse.
  ///
  /// With `wanted`, sandboxes that begin now are built by that runtime, which has to be healthy.
  package func reload(runtime wanted: String? = nil) async -> Outcome {
    let next = await open()
    let old = host.now
    var reasons = Self.newRefusals(next, old.registry)
    let name = wanted ?? old.runtime.descriptor.type
    let runtime = next.type(.runtime, name) ?? (wanted == nil ? next.type(.runtime, old.runtime.qualifiedName) : nil)
    if let runtime {
      let health = wanted == nil ? nil : await next.health(of: runtime)
      if let health, !health.isHealthy { reasons.append("the runtime `\(name)` cannot be used: \(health.reason)") }
    } else {
      let why = next.explanation(.runtime, name).map { ": \($0)" } ?? ""
      reasons.append(
        wanted == nil
          ? "the runtime `\(name)`, which runs the sandboxes, is no longer there\(why)"
          : "no plugin provides the runtime `\(name)`\(why)")
    }
    guard reasons.isEmpty, let runtime else {
      await next.shutdown()
      return .refused(reasons: reasons)
    }
    var following = old
    following.registry = next
    following.runtime = runtime
    host.replace(following)
    generation += 1
    let (before, after) = (Self.labels(old.registry), Self.labels(next))
    return .taken(
      generation: generation, added: after.subtracting(before).sorted(), removed: before.subtracting(after).sorted())
  }

  /// Refusals of whole plugins that the old generation did not have; of two that claim one type both can be used.
  private static func newRefusals(_ next: PluginRegistry, _ old: PluginRegistry) -> [String] {
    next.refusals.filter { $0.type == nil && !old.refusals.contains($0) }.map(\.reason)
  }

  private static func labels(_ registry: PluginRegistry) -> Set<String> {
    Set(registry.plugins.map { "\($0.descriptor.name) \($0.descriptor.version) \($0.digest.prefix(12))" })
  }
}
