import Glibc
import KeystoneKit
import Testing

/// However a run ends, nothing of it is left.
@Suite(.timeLimit(.minutes(15)))
struct LeftoverTests {
  let workspace: Workspace
  let marker = "marker-\(UInt64.random(in: 0 ... .max))"

  init() throws { workspace = try Workspace() }

  var isAtWork: Bool { !Leftovers.processes(withArgument: marker).isEmpty }

  /// An agent that never ends, with a daemon that nobody can ask to leave.
  var endless: EvalSpec {
    EvalSpec(
      agent:
        "trap '' TERM INT; (setsid sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1; done' \(marker) &); sleep 1000")
  }

  /// An agent that waits for the file `go`.
  var waiting: EvalSpec {
    EvalSpec(
      agent: "python3 -c 'import time; time.sleep(1000)' \(marker) & until [ -e go ]; do sleep 0.05; done; echo whole",
      checks: ["whole": Check.command("test -e go")])
  }

  func startEndless() async throws -> RunningProcess {
    try workspace.write(endless)
    return try await start()
  }

  /// Starts the spec and waits until its marker is to be seen.
  func start(_ flags: String...) async throws -> RunningProcess {
    let process = try await workspace.start(["eval", "run", "spec.yaml"] + flags)
    let isOver = try await eventually(within: .seconds(30)) { isAtWork || !process.isRunning }
    guard isOver, process.isRunning else { throw HarnessFailure("nothing started: \(await process.outcome())") }
    return process
  }

  @Test(arguments: [1, 2, 15] as [Int32])
  func hangUpInterruptAndTerminateStopCleanly(_ number: Int32) async throws {
    let process = try await startEndless()
    process.send(number, toGroup: number == SIGINT)
    let outcome = await process.outcome(within: .seconds(20))
    #expect(outcome.exitCode == 130, "\(outcome)")
    #expect(!isAtWork)
    try await workspace.expectNothingLeft()
  }

  @Test func withNohupAHangUpIsNoReasonToStop() async throws {
    try workspace.write(waiting)
    let process = try workspace.shell("trap '' HUP; exec keystone eval run spec.yaml --format json")
    #expect(try await eventually(within: .seconds(30)) { isAtWork })
    process.send(SIGHUP)
    try workspace.write("", to: "data/sandboxes/\(workspace.sandboxes.first ?? "none")/workspace/go")
    let outcome = await process.outcome()
    #expect(outcome.exitCode == 0 && outcome.stdout.contains("whole"), "\(outcome)")
  }

  @Test func aReaderThatStopsReadingStopsNothing() async throws {
    try workspace.write(EvalSpec(agent: "touch it-ran"))
    let outcome = await (try workspace.shell("{ keystone eval run spec.yaml 2>&1; echo $? >code; } | true")).outcome()
    #expect(workspace.read("code") == "0\n", "\(outcome)")
    try await workspace.expectNothingLeft()
  }

  @Test func controlCDuringSetupStopsCleanlyToo() async throws {
    var spec = endless
    spec["setup.commands"] = [.string("python3 -c 'import time; time.sleep(1000)' \(marker)")]
    spec["parallelism.replicas"] = 4
    try workspace.write(spec)
    let process = try await start("--concurrency", "4")
    process.send(SIGINT, toGroup: true)
    let outcome = await process.outcome(within: .seconds(20))
    #expect(outcome.exitCode == 130, "\(outcome)")
    try await workspace.expectNothingLeft()
  }

  @Test func controlCDuringACheckStopsCleanlyToo() async throws {
    let check = Check.command("python3 -c 'import time; time.sleep(1000)' \(marker)")
    try workspace.write(EvalSpec(checks: ["slow": check]))
    let process = try await start()
    process.send(SIGINT, toGroup: true)
    let outcome = await process.outcome(within: .seconds(20))
    #expect(outcome.exitCode == 130, "\(outcome)")
    try await workspace.expectNothingLeft()
  }

  @Test func twiceStopsAtOnceAndTheNextRunClearsUp() async throws {
    let process = try await startEndless()
    process.send(SIGINT)
    process.send(SIGTERM)
    let start = ContinuousClock.now
    let outcome = await process.outcome(within: .seconds(20))
    #expect(outcome.exitCode == 130 && start.duration(to: .now) < .seconds(1), "\(outcome)")
    #expect(try await eventually { !isAtWork })
    _ = try await workspace.evaluate(EvalSpec())
  }

  @Test func whenKeystoneIsKilledItsSandboxesDieAndTheNextRunClearsUp() async throws {
    let process = try await startEndless()
    process.send(SIGKILL)
    let outcome = await process.outcome()
    #expect(outcome.signal == SIGKILL)
    #expect(try await eventually { Leftovers.processes(mentioning: workspace.path).isEmpty && !isAtWork })
    #expect(workspace.sandboxes.count == 1)
    let next = try await workspace.evaluate(EvalSpec())
    #expect(next.exitCode == 0 && next.outcome.stderr.contains("removed 1 sandbox"), "\(next.outcome)")
  }

  @Test func runsSideBySideLeaveEachOthersSandboxesAlone() async throws {
    try workspace.write(waiting)
    try workspace.write(EvalSpec(), to: "short.yaml")
    let long = try await start("--format", "json")
    let folder = try #require(workspace.sandboxes.first)
    for _ in 0..<3 {
      // Without waiting for a turn, which the long run has.
      let short = await (try workspace.shell("keystone eval run short.yaml")).outcome()
      #expect(short.exitCode == 0 && !short.stderr.contains("removed"), "\(short)")
      let sandboxes = workspace.sandboxes
      #expect(sandboxes == [folder] && isAtWork)
    }
    try workspace.write("", to: "data/sandboxes/\(folder)/workspace/go")
    let outcome = await long.outcome()
    #expect(outcome.exitCode == 0 && outcome.stdout.contains("whole"), "\(outcome)")
    try await workspace.expectNothingLeft()
  }

  @Test func aKeptSandboxStaysWithItsFilesButWithoutProcesses() async throws {
    let spec = EvalSpec(agent: "(setsid sleep 1000 \(marker) &) ; echo kept >kept.txt")
    let run = try await workspace.evaluate(spec, ["--keep-sandbox"])
    let id = try #require(try run.scenario()["sandbox_id"]?.string)
    #expect(run.exitCode == 0 && workspace.sandboxes == [id], "\(run.outcome)")
    #expect(workspace.read("data/sandboxes/\(id)/workspace/kept.txt") == "kept\n")
    #expect(run.outcome.stderr.contains("sandboxes/\(id)"), "nobody says where it is: \(run.outcome.stderr)")
    #expect(try await eventually { Leftovers.processes(mentioning: workspace.path).isEmpty })
    // It is the user's now: a later run does not take it for an orphan.
    let next = try await workspace.run(["eval", "run", workspace.write(EvalSpec(), to: "next.yaml")])
    #expect(next.exitCode == 0 && workspace.sandboxes == [id], "\(next)")
  }

  @Test func whatTheAgentLocksAwayIsRemovedToo() async throws {
    let spec = EvalSpec(
      agent: """
        mkdir -p deep/a locked; touch locked/x; chmod 000 locked
        cd deep; i=0; while [ $i -lt 300 ]; do mkdir dddddddddddddddddddd; cd dddddddddddddddddddd; i=$((i+1)); done
        mkfifo pipe; ln -s / root; cd /workspace; python3 -c "
        import os, socket
        socket.socket(socket.AF_UNIX).bind('socket')
        os.mkdir(b'\\xff\\xfe'); open(b'\\xff\\xfe/n\\n', 'w')"
        chmod 555 .
        """)
    let run = try await workspace.evaluate(spec, timeout: .seconds(50))
    #expect(run.exitCode == 0, "\(run.outcome)")
  }
}
