import Glibc
import KeystoneKit

/// The control groups of one sandbox, in which the kernel enforces its limits.
///
/// Which hierarchies there are is found by looking: version 2 where its controllers can be had, else those of version 1.
struct ControlGroups: Sendable {
  /// The files a process writes `0` to in order to join.
  let joining: [String]
  /// What is enforced: `memory`, `processes`, `cpu`.
  let enforced: Set<String>
  private let folders: [String]
  private let killCounter: String?

  private static let controllers = ["memory": "memory", "pids": "processes", "cpu": "cpu"]

  /// Makes the groups of the sandbox `id`; without any where this user may make none.
  init(id: String, limits: SandboxLimits) {
    var (joining, enforced, folders, counter) = ([String](), Set<String>(), [String](), String?.none)
    for (mount, names, isSecond) in Self.hierarchies() {
      let folder = "\(mount)/keystone-\(id)"
      // Where nobody may make groups, such as for an ordinary user.
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { continue }
      folders.append(folder)
      joining.append("\(folder)/cgroup.procs")
      for name in names {
        guard let limit = Self.controllers[name], Self.set(limit, limits, in: folder, isSecond) else { continue }
        enforced.insert(limit)
        if name == "memory" { counter = "\(folder)/\(isSecond ? "memory.events" : "memory.oom_control")" }
      }
    }
    (self.joining, self.enforced, self.folders, killCounter) = (joining, enforced, folders, counter)
  }

  /// How many processes the kernel has killed for want of memory.
  var killed: Int {
    guard let killCounter, let text = SandboxFolder.readText(killCounter, limit: 4096) else { return 0 }
    let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
    return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
  }

  /// Removes the groups once nobody is in them any more.
  func remove() async { for folder in folders { await Self.remove(folder) } }

  /// Removes what is left of the groups of a sandbox whose host has died.
  static func reap(_ id: String) async {
    for (mount, _, _) in hierarchies() where access("\(mount)/keystone-\(id)", F_OK) == 0 {
      await remove("\(mount)/keystone-\(id)")
    }
  }

  private static func remove(_ folder: String) async {
    // What has been killed leaves its group a moment after it has been waited for.
    for _ in 0..<200 where rmdir(folder) != 0 && errno == EBUSY { try? await Task.sleep(for: .milliseconds(5)) }
  }

  /// The mounted hierarchies that have a controller which is needed, and which version they are.
  private static func hierarchies() -> [(mount: String, controllers: [String], isSecond: Bool)] {
    let lines = SandboxFolder.readText("/proc/self/mountinfo", limit: 1 << 20)?.split(separator: "\n") ?? []
    var found: [(String, [String], Bool)] = []
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      guard let dash = words.firstIndex(of: "-"), dash + 3 < words.count, words.count > 4 else { continue }
      switch words[dash + 1] {
      case "cgroup":
        let own = words[dash + 3].split(separator: ",").map(String.init).filter { controllers[$0] != nil }
        if !own.isEmpty { found.append((words[4], own, false)) }
      case "cgroup2":
        let usable = parents(in: words[4]).compactMap { parent in enable(in: parent).map { (parent, $0, true) } }
        if let first = usable.first { found.append(first) }
      default: break
      }
    }
    return found
  }

  /// Where groups may perhaps be made: at the top, or where a service manager has delegated them to this process.
  private static func parents(in mount: String) -> [String] {
    let lines = SandboxFolder.readText("/proc/self/cgroup", limit: 64 << 10)?.split(separator: "\n") ?? []
    guard let own = lines.first(where: { $0.hasPrefix("0::/") })?.dropFirst(3), own != "/" else { return [mount] }
    let above = own.lastIndex(of: "/").map { own[..<$0] } ?? ""
    return [mount, "\(mount)\(above)", "\(mount)\(own)"]
  }

  /// Gives the controllers that are needed to groups below `parent`; `nil` when there are none or this user may not.
  private static func enable(in parent: String) -> [String]? {
    let all = SandboxFolder.readText("\(parent)/cgroup.controllers", limit: 4096) ?? ""
    let names = all.split { $0 == " " || $0 == "\n" }.map(String.init).filter { controllers[$0] != nil }
    let wish = names.map { "+\($0)" }.joined(separator: " ")
    return !names.isEmpty && write(wish, to: "\(parent)/cgroup.subtree_control") ? names : nil
  }

  private static func set(_ limit: String, _ limits: SandboxLimits, in folder: String, _ isSecond: Bool) -> Bool {
    switch limit {
    case "memory":
      guard let memory = limits.memory else { return false }
      let file = isSecond ? "memory.max" : "memory.limit_in_bytes"
      guard write("\(memory)", to: "\(folder)/\(file)") else { return false }
      // Swapping would only hide that it is over.
      if isSecond { return write("0", to: "\(folder)/memory.swap.max") || access("/proc/swaps", F_OK) == 0 }
      _ = write("0", to: "\(folder)/memory.swappiness")
      return true
    case "processes": return limits.processes.map { write("\($0)", to: "\(folder)/pids.max") } ?? false
    default:
      guard let millis = limits.cpuMillis else { return false }
      if isSecond { return write("\(millis * 100) 100000", to: "\(folder)/cpu.max") }
      return write("100000", to: "\(folder)/cpu.cfs_period_us")
        && write("\(millis * 100)", to: "\(folder)/cpu.cfs_quota_us")
    }
  }

  private static func write(_ text: String, to file: String) -> Bool {
    let descriptor = open(file, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
  }
}
