import Glibc
import KeystoneKit
import SandboxHelper

extension SandboxStart {
  /// What the sandbox really has, for its result.
  func environment(_ abilities: HelperAbilities, _ groups: ControlGroups) -> SandboxEnvironment {
    var found: SandboxEnvironment
    switch isolation {
    case .bubblewrap:
      found = environment(
        isolation: "namespaces", warnings: [], network: abilities.redirects ? "gateway" : "none",
        user: "uid \(user.inside)",
        workspacePath: BubblewrapArguments.workspace, protectedPath: BubblewrapArguments.protected)
    case .none(let reason):
      found = environment(
        isolation: "none", warnings: warnings(reason), network: "host", user: "uid \(user.inside) of this machine",
        workspacePath: folder.workspace, protectedPath: folder.protected)
    }
    found.limits = limits(groups)
    if abilities.notifies {
      let means = "seccomp notification of every call"
      for source in [AuditSource.processes, .fileWrites, .fileReads] { found.audit[source.rawValue] = means }
    }
    if found.isolation == "namespaces" && request.attachment != nil && !abilities.reason.isEmpty {
      found.warnings.append("Not everything can be observed or reached here: \(abilities.reason).")
    }
    return found
  }

  /// How each limit is kept.
  private func limits(_ groups: ControlGroups) -> [String: String] {
    // The helper sees, and limits, what is in its namespace only.
    let isAlone = isolation.isNamespace
    return [
      "timeout": "enforced", "cpu": groups.enforced.contains("cpu") ? "enforced" : "none",
      "memory": groups.enforced.contains("memory") ? "enforced" : isAlone ? "watched" : "none",
      "processes": groups.enforced.contains("processes") || isAlone ? "enforced" : "none", "disk": "watched",
    ]
  }

  private func environment(
    isolation: String, warnings: [String], network: String, user: String, workspacePath: String,
    protectedPath: String
  ) -> SandboxEnvironment {
    SandboxEnvironment(
      runtime: LocalRuntime.type, isolation: isolation, warnings: warnings,
      network: network, base: "ignored", user: user, workspace: folder.workspace, workspacePath: workspacePath,
      protectedPath: protectedPath)
  }

  private func warnings(_ reason: String) -> [String] {
    var list = [
      """
      Nothing isolates this sandbox, because \(reason): its commands are plain processes that can read and change \
      whatever their user can, reach the network, and find /workspace only under \(folder.workspace).
      """
    ]
    if getuid() == 0 && user.outside == nil {
      list.append(
        "Its commands run as root, because the folder \(request.folder) can be entered by nobody else.")
    } else if user.outside == nil {
      list.append("Its commands run as the user who runs Keystone and can change what judges them.")
    }
    return list
  }
}
