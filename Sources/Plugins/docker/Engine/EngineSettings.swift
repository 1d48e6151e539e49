import Glibc
import KeystoneKit
import SandboxHelper

/// What an operator can set for this plugin.
struct EngineSettings: Sendable {
  static let declarations = [
    Setting(
      name: "docker-host", description: "The Docker Engine's socket, as unix:///path.",
      default: "unix:///var/run/docker.sock", flag: "docker-host", environment: "DOCKER_HOST"),
    Setting(
      name: "podman-host", description: "Podman's Docker-compatible socket, as unix:///path.",
      default: "unix:///run/podman/podman.sock", flag: "podman-host", environment: "CONTAINER_HOST"),
    Setting(
      name: "pool", type: .integer,
      description: "How many warm containers are kept for each base image, so that sandboxes start at once.",
      default: 0, flag: "pool", environment: "KEYSTONE_POOL"),
    HelperProgram.declaration(flag: "docker-sandbox-init"),
  ]

  /// The path in a setting such as `docker-host`.
  static func socket(_ setting: String, in context: RuntimeContext) throws(PluginError) -> String {
    let text = context.setting(setting)?.string ?? ""
    guard text.hasPrefix("unix:///") else {
      throw PluginError(
        .unsupported,
        "the setting `\(setting)` is `\(text)`; only engines on this machine can be used: name its socket as unix:///path"
      )
    }
    return String(text.dropFirst("unix://".count))
  }

  /// How many warm containers are kept for each image.
  static func pool(in context: RuntimeContext) -> Int {
    guard case .integer(let count)? = context.setting("pool") else { return 0 }
    return min(64, max(0, Int(count)))
  }
}
