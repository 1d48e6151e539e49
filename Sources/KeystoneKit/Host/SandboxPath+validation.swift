extension SandboxPath {
  /// What makes this path unfit as the parameter at `place`, such as `$.path`; for a plugin's `validate`.
  ///
  /// A path is not empty, holds no NUL, and has no part `..`, so that it means the same before and after links
  /// are resolved.
  public func diagnostics(at place: String) -> [PluginError.Diagnostic] {
    func problem(_ message: String) -> [PluginError.Diagnostic] { [.init(path: place, message: message)] }
    if bytes.isEmpty { return problem("the path is empty; `.` names the workspace itself") }
    if bytes.contains(0) { return problem("the path holds a NUL byte, which no file name can") }
    if bytes.split(separator: UInt8(ascii: "/")).contains(Array("..".utf8)[...]) {
      return problem("`\(self)` has a part `..`; write the path without it, relative to the workspace")
    }
    return []
  }
}
