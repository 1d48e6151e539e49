import Glibc

/// Looks at `/proc` for what a run may have left behind.
enum Leftovers {
  /// The processes whose arguments, environment or mounts mention `marker`, as `pid: arguments`.
  ///
  /// A process of a sandbox sees the sandbox's folder among its mounts, whatever it calls itself.
  static func processes(mentioning marker: String) -> [String] {
    let wanted = Array(marker.utf8)
    return FileBytes.names(in: "/proc").filter { $0.allSatisfy(\.isNumber) && $0 != "\(getpid())" }.compactMap { pid in
      let files = ["cmdline", "environ", "mountinfo"].lazy.compactMap { FileBytes.read("/proc/\(pid)/\($0)") }
      guard files.contains(where: { contains(wanted, in: $0) }) else { return nil }
      let arguments = FileBytes.read("/proc/\(pid)/cmdline") ?? []
      return "\(pid): \(String(decoding: arguments.map { $0 == 0 ? 32 : $0 }, as: UTF8.self))"
    }
  }

  /// The processes one of whose arguments is `marker`.
  static func processes(withArgument marker: String) -> [pid_t] {
    let wanted = Array(marker.utf8)
    return FileBytes.names(in: "/proc").compactMap { pid_t($0) }.filter { pid in
      (FileBytes.read("/proc/\(pid)/cmdline") ?? []).split(separator: 0).contains { Array($0) == wanted }
    }
  }

  /// The lines of this process's own mount table that mention `marker`.
  static func mounts(mentioning marker: String) -> [String] {
    String(decoding: FileBytes.read("/proc/self/mountinfo") ?? [], as: UTF8.self).split(separator: "\n")
      .map(String.init).filter { $0.contains(marker) }
  }

  private static func contains(_ pattern: [UInt8], in bytes: [UInt8]) -> Bool {
    bytes.split(separator: 0).contains { part in
      (Array(part) + [0]).withUnsafeBytes { part in
        (pattern + [0]).withUnsafeBytes { pattern in
          guard let text = part.baseAddress, let wanted = pattern.baseAddress else { return false }
          return strstr(text.assumingMemoryBound(to: CChar.self), wanted.assumingMemoryBound(to: CChar.self)) != nil
        }
      }
    }
  }
}

/// Waits until `condition` holds; false when it did not within `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + limit
  while !condition() {
    guard ContinuousClock.now < end else { return false }
    try await Task.sleep(for: .milliseconds(5))
  }
  return true
}
