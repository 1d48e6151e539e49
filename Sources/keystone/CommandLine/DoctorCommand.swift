import ArgumentParser
import Glibc
import KeystoneExperiment
import KeystoneKit
import KeystonePluginHost
import KeystoneSandbox

/// The command `keystone doctor`.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says what works on this machine: runtimes, limits, audit sources, network, and what to install.",
    discussion: """
      Builds one sandbox with each runtime that is healthy and removes it again.

      Exit code: 0 when sandboxes can be isolated, 1 when they can be run without isolation only, 3 when none can be run.
      """)

  @Option(help: "How to print: text or json.") var format: PrintFormat = .text
  @Option(help: "The image for runtimes that have images.") var base = "debian:12"
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    let dataFolder = Installation.current.dataFolder
    let instance = try InstanceLock(dataFolder: dataFolder, id: Identifier.random(prefix: "i-"))
    let probe = RuntimeProbe(registry: registry, instance: instance, folder: "\(dataFolder)/sandboxes")
    var findings: [RuntimeFinding] = []
    for type in registry.types where type.descriptor.point == .runtime {
      var finding = RuntimeFinding(type: type.descriptor.type, health: await registry.health(of: type))
      if finding.health.isHealthy {
        let id = Identifier.random(prefix: "sb-")
        do { finding.environment = try await probe.environment(of: type, id: id, base: base) } catch {
          finding.failure = PluginError(error).message
        }
      }
      findings.append(finding)
    }
    await registry.shutdown()
    findings.sort { $0.type < $1.type }
    switch format {
    case .text: Terminal.show(DoctorReport.text(findings))
    case .json: Terminal.show(DoctorReport.json(findings).pretty() + "\n")
    }
    if findings.contains(where: { $0.isIsolated }) { return }
    throw findings.contains { $0.environment != nil } ? Exit.failed : Exit.couldNotRun
  }
}

/// What was found out about one runtime.
struct RuntimeFinding {
  var type: String
  var health: RuntimeHealth
  /// What a sandbox had; `nil` when none could be built.
  var environment: SandboxEnvironment?
  /// Why none could be built.
  var failure: String?

  var isIsolated: Bool { environment.map { $0.isolation != "none" } ?? false }

  /// What does not work, and what would change that.
  var advice: [(what: String, todo: String)] {
    guard let environment else { return [(type, failure ?? health.reason)] }
    var list: [(String, String)] = []
    if environment.isolation == "none" {
      list.append(("isolation", "install `bubblewrap` and allow user namespaces (sysctl user.max_user_namespaces)"))
    }
    if environment.network != "gateway" {
      list.append(
        (
          "network",
          "names, mocks and policies need namespaces and nftables in the kernel (nf_tables, nft_chain_nat, nft_redir)"
        ))
    }
    let groups = "run as root, or in a control group that systemd delegates (Delegate=yes)"
    for name in ["cpu", "memory", "processes", "disk"] {
      switch environment.limits[name, default: "none"] {
      case "enforced": continue
      case "watched" where name == "disk": continue
      case "watched":
        list.append(("limit \(name)", "watched four times a second; to have the kernel enforce it, \(groups)"))
      default: list.append(("limit \(name)", "specs that name it are refused; \(groups)"))
      }
    }
    for source in ["processes", "file_writes", "file_reads"] where environment.audit[source, default: "none"] == "none"
    {
      list.append(
        ("audit \(source)", "rules that need it are errors; the kernel must have seccomp user notification (5.9)"))
    }
    return list
  }
}

/// Prints what `keystone doctor` found.
enum DoctorReport {
  private static var privilege: String { getuid() == 0 ? "root" : "uid \(getuid())" }

  static func text(_ findings: [RuntimeFinding]) -> String {
    var lines = ["running as \(privilege)"]
    for finding in findings {
      let state = finding.environment != nil ? "works" : finding.health.isHealthy ? "healthy" : "cannot be used"
      lines.append("")
      lines.append("runtime \(finding.type): \(state): \(finding.failure ?? finding.health.reason)")
      guard let environment = finding.environment else { continue }
      lines.append("  isolation  \(environment.isolation)")
      lines.append("  user       \(environment.user)")
      lines.append("  network    \(environment.network)")
      let limits = environment.limits.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      lines.append("  limits     \(limits.joined(separator: ", "))")
      for (source, means) in environment.audit.sorted(by: { $0.key < $1.key }) {
        lines.append("  audit      \(source): \(means)")
      }
      for warning in environment.warnings { lines.append("  warning    \(warning)") }
      for (what, todo) in finding.advice { lines.append("  missing    \(what): \(todo)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func json(_ findings: [RuntimeFinding]) -> JSONValue {
    [
      "privilege": .string(privilege),
      "runtimes": .array(
        findings.map { finding in
          var members: [String: JSONValue] = [
            "type": .string(finding.type), "healthy": .bool(finding.health.isHealthy),
            "reason": .string(finding.failure ?? finding.health.reason),
            "missing": .array(finding.advice.map { ["what": .string($0.what), "todo": .string($0.todo)] }),
          ]
          members["environment"] = finding.environment.flatMap { try? JSONValueEncoder().encode($0) }
          return .object(members)
        }),
    ]
  }
}
