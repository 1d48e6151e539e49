import Glibc
package import KeystoneKit

extension PluginError {
  /// What `errno` says about an action in the data folder that failed.
  package static func system(_ action: String) -> PluginError {
    let code: PluginError.Code = errno == ENOSPC ? .exhausted : .unavailable
    return PluginError(code, "cannot \(action): \(String(cString: strerror(errno))); check the data folder")
  }
}
