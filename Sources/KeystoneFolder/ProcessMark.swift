import Glibc

/// Processes that carry a mark in their environment, which their descendants inherit, wherever they went.
enum ProcessMark {
  /// The variable that holds the mark.
  static let variable = "KEYSTONE_FOLDER_COMMAND"

  /// Kills every process whose mark begins with `prefix`, until there is none.
  static func kill(_ prefix: String) {
    let wanted = Array("\(variable)=\(prefix)".utf8)
    // A process that forks while it is looked for is found in the next round.
    for _ in 0..<1000 {
      let found = processes { environment in environment.starts(with: wanted) }
      if found.isEmpty { return }
      for pid in found { Glibc.kill(pid, SIGKILL) }
      usleep(1000)
    }
  }

  private static func processes(where isWanted: (ArraySlice<UInt8>) -> Bool) -> [pid_t] {
    FolderTree.names(in: "/proc").compactMap { name in
      guard let pid = pid_t(name), pid != getpid(), let file = try? FolderFile.open("/proc/\(name)/environ") else {
        return nil
      }
      var environment: [UInt8] = []
      while let piece = try? file.read(upTo: 64 << 10), !piece.isEmpty, environment.count < 4 << 20 {
        environment += piece
      }
      return environment.split(separator: 0).contains(where: isWanted) ? pid : nil
    }
  }
}
