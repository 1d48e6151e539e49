import Glibc
import Testing

/// The harness itself: what it cannot see, the other tests cannot either.
@Suite(.timeLimit(.minutes(1)))
struct HarnessTests {
  func shell(_ script: String, marker: String) throws -> RunningProcess {
    try RunningProcess(
      ["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin", "MARK": marker], stdin: "to stdin", onEnd: {})
  }

  @Test func outputExitCodesAndSignalsAreSeen() async throws {
    let outcome = try await shell("cat; echo to stderr >&2; exit 7", marker: "x").outcome()
    #expect(outcome.exitCode == 7 && outcome.stdout == "to stdin" && outcome.stderr == "to stderr\n")
    #expect(try await shell("kill -TERM $$", marker: "x").outcome().signal == SIGTERM)
  }

  @Test func aCommandThatHangsIsKilledWithItsGroup() async throws {
    let outcome = try await shell("sleep 1000 & wait", marker: "x").outcome(within: .milliseconds(200))
    #expect(outcome.timedOut && outcome.signal == SIGKILL)
  }

  @Test func processesThatAreLeftBehindAreFound() async throws {
    let workspace = try Workspace()
    let process = try shell("setsid sleep 1000 & echo $!", marker: workspace.path)
    let outcome = await process.outcome()
    let daemon = try #require(pid_t(outcome.stdout.dropLast()))
    #expect(try await eventually { Leftovers.processes(mentioning: workspace.path).contains { $0.contains("sleep") } })
    kill(daemon, SIGKILL)
    try await workspace.expectNothingLeft()
  }
}
