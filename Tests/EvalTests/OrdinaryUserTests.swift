import Glibc
import KeystoneKit
import Testing

/// A user without powers.
enum OrdinaryUser {
  static let id: uid_t = 12_345

  /// Whether this is root, and others may reach the executable.
  static let isPossible: Bool = {
    guard getuid() == 0, access("/usr/bin/setpriv", X_OK) == 0 else { return false }
    var folder = Keystone.folder[...]
    while !folder.isEmpty {
      var status = stat()
      guard stat(String(folder), &status) == 0, status.st_mode & 0o005 == 0o005 else { return false }
      folder = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
    }
    return true
  }()
}

/// The same for a user without powers; only root can become one.
@Suite(.timeLimit(.minutes(15)), .enabled(if: OrdinaryUser.isPossible, "only root can run as another user"))
struct OrdinaryUserTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace(user: OrdinaryUser.id) }

  @Test func aRunPassesInNamespaces() async throws {
    var spec = EvalSpec(
      agent: "id -u; umask 077; mkdir locked; echo x >locked/f; chmod 000 locked; echo y >made",
      checks: [
        "made": Check.file("made", contains: "y"),
        "isolated": Check.command("! test -e /etc/shadow && test $(id -u) != 0"),
        "capabilities": Check.command("grep -q '^CapEff:.0*$' /proc/self/status"),
        "python": Check.python("print(json.dumps(dict(passed=True)))"),
      ])
    spec["forbidden"] = ["file_writes_outside": ["made"]]
    let run = try await workspace.evaluate(spec)
    let scenario = try run.scenario()
    #expect(scenario["environment"]?["isolation"] == "namespaces" && run.exitCode == 1, "\(run.outcome)")
    #expect((scenario["invariants"]?.array ?? []).allSatisfy { $0["passed"] == true }, "\(run.outcome)")
    let details = scenario.rule("file_writes_outside")?["details"]?.string ?? ""
    #expect(details.contains("locked/f") && !details.contains("added made"), "\(details)")
  }

  @Test func anAgentOverItsTimeIsKilledWithItsDaemons() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    var spec = EvalSpec(
      agent: "trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' \(marker) &) ; sleep 1000")
    spec["agent.timeout"] = "1s"
    let run = try await workspace.evaluate(spec, timeout: .seconds(30))
    let wall = try run.scenario()["wall_ms"]?.int ?? .max
    #expect(run.exitCode == 3 && wall < 4_500, "\(run.outcome)")
    #expect(Leftovers.processes(withArgument: marker).isEmpty)
  }

  @Test func controlCLeavesNothing() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    try workspace.write(EvalSpec(agent: "python3 -c 'import time; time.sleep(1000)' \(marker)"))
    let process = try await workspace.start(["eval", "run", "spec.yaml"])
    #expect(try await eventually(within: .seconds(30)) { !Leftovers.processes(withArgument: marker).isEmpty })
    process.send(SIGINT, toGroup: true)
    #expect(await process.outcome(within: .seconds(20)).exitCode == 130)
    try await workspace.expectNothingLeft()
  }

  @Test func withoutBubblewrapPlainProcessesAreKilledToo() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    let spec = EvalSpec(agent: "(setsid sh -c 'while :; do sleep 1; done' \(marker) >/dev/null 2>&1 &); echo x >f")
    let run = try await workspace.evaluate(spec, ["-local-isolation=none"])
    let isolation = try run.scenario()["environment"]?["isolation"]
    #expect(run.exitCode == 0 && isolation == "none", "\(run.outcome)")
    #expect(Leftovers.processes(withArgument: marker).isEmpty)
  }
}
