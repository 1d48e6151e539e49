import Glibc
import KeystoneKit

/// Finds `keystone-sandbox-init`, the first process of every sandbox.
enum HelperProgram {
  private static let name = "keystone-sandbox-init"

  static func find(_ settings: LocalSettings) throws(PluginError) -> String {
    if let path = settings.program {
      guard access(path, X_OK) == 0 else {
        throw PluginError(
          .unavailable, "the setting `sandbox-init` of the local runtime names \(path), which cannot be executed")
      }
      return path
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
