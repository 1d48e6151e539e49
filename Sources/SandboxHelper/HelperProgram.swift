import Glibc
package import KeystoneKit

/// Finds `keystone-sandbox-init`, the first process of every sandbox.
package enum HelperProgram {
  private static let name = "keystone-sandbox-init"

  /// What a runtime declares so that an operator can name the program.
  package static func declaration(flag: String) -> Setting {
    Setting(
      name: "sandbox-init", type: .path,
      description: "The program keystone-sandbox-init, when it does not lie beside keystone.",
      flag: flag, environment: "KEYSTONE_SANDBOX_INIT")
  }

  /// The program's path: the operator's setting, or beside the executable.
  package static func find(in context: RuntimeContext) throws(PluginError) -> String {
    try find(named: context.setting("sandbox-init")?.string)
  }

  /// The program's path: `setting`, or beside the executable where that is absent or empty.
  package static func find(named setting: String?) throws(PluginError) -> String {
    if let setting, !setting.isEmpty {
      guard access(setting, X_OK) == 0 else {
        throw PluginError(.unavailable, "the setting `sandbox-init` names \(setting), which cannot be executed")
      }
      return setting
    }
    let path = "\(executableFolder)/\(name)"
    guard access(path, X_OK) == 0 else {
      throw PluginError(
        .unavailable,
        "\(path) is missing; build it with `make build`, or name it in the setting `sandbox-init`")
    }
    return path
  }

  private static var executableFolder: Substring {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
  }
}
