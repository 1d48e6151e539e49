import KeystoneKit
import SandboxHelper

/// What an operator can set for this runtime.
struct LocalSettings: Sendable, Hashable {
  /// Which isolation is wanted.
  enum Wanted: String, Sendable {
    case auto, bubblewrap, none
  }

  var isolation = Wanted.auto
  /// The path of `keystone-sandbox-init`; beside the executable when `nil`.
  var program: String?

  static let declarations = [
    Setting(
      name: "isolation",
      description: "Isolation of the local runtime: auto, bubblewrap, or none for plain processes.",
      default: "auto", flag: "local-isolation", environment: "KEYSTONE_LOCAL_ISOLATION"),
    HelperProgram.declaration(flag: "local-sandbox-init"),
  ]

  init(isolation: Wanted = .auto, program: String? = nil) {
    self.isolation = isolation
    self.program = program
  }

  /// The settings of the operator; throws when one has a value that is none.
  init(_ context: RuntimeContext) throws {
    program = context.setting("sandbox-init")?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard let text = context.setting("isolation")?.string, !text.isEmpty else { return }
    guard let wanted = Wanted(rawValue: text) else {
      throw PluginError(
        .invalid, "the setting `isolation` of the local runtime is `\(text)`; set it to auto, bubblewrap or none")
    }
    isolation = wanted
  }
}
