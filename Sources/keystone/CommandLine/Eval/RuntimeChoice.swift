import KeystoneKit
import KeystonePluginHost
import KeystoneSandbox

/// Which runtime builds the sandboxes.
struct RuntimeChoice {
  /// What `auto` tries, in this order; types that are not installed are passed over.
  static let automatic = ["docker", "podman", "local"]

  let registry: PluginRegistry

  /// The runtime of that name, or the first healthy one for `auto`, and why it is this one.
  func choose(_ name: String) async throws -> (type: InstalledType, reason: String) {
    guard name == "auto" else { return try await pinned(name) }
    var reasons: [String] = []
    for candidate in Self.automatic {
      guard let type = registry.type(.runtime, candidate) else {
        reasons.append("\(candidate): not installed")
        continue
      }
      let health = await registry.health(of: type)
      if health.isHealthy { return (type, (reasons + ["\(candidate): \(health.reason)"]).joined(separator: "; ")) }
      reasons.append("\(candidate): \(health.reason)")
    }
    Terminal.complain(
      "error: there is no runtime that can be used here; `keystone plugin list` shows those installed\n"
        + reasons.joined(separator: "\n"))
    throw Exit.couldNotRun
  }

  private func pinned(_ name: String) async throws -> (type: InstalledType, reason: String) {
    guard let type = registry.type(.runtime, name) else {
      let names = registry.types.filter { $0.descriptor.point == .runtime }.map(\.descriptor.type).sorted()
      Terminal.complain(
        "error: there is no runtime `\(name)`; installed: \(names.joined(separator: ", ")) (`keystone plugin list`)")
      throw Exit.invalid
    }
    let health = await registry.health(of: type)
    guard health.isHealthy else {
      Terminal.complain("error: the runtime `\(name)` cannot be used: \(health.reason)")
      throw Exit.couldNotRun
    }
    return (type, "named on the command line; \(health.reason)")
  }
}
