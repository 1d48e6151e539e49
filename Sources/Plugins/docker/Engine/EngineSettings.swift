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
      name: "default-base", description: "The image of sandboxes that name none, such as those of a conformance test.",
      default: "debian:12", environment: "KEYSTONE_DEFAULT_BASE"),
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
}
