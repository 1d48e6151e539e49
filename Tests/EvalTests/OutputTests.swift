import KeystoneKit
import Testing

/// What an agent prints: kept whole, answered in part, never trusted.
@Suite(.timeLimit(.minutes(15)))
struct OutputTests {
  @Test func bothEndsAreAnsweredAndTheWholeLiesInTheArtifacts() async throws {
    // 3 MiB of numbered lines on stdout, a little more than both ends on stderr.
    let script = """
      import sys
      lines = ''.join('%07d\\n' % number for number in range(393216))
      sys.stdout.write(lines)
      sys.stderr.write(lines[:1048576 + 80])
      """
    var spec = EvalSpec()
    spec["setup.files"] = [["path": "agent.py", "content": .string(script)]]
    spec["agent"] = ["type": "python", "binary": "agent.py"]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    let half = 512 << 10
    let output = Array((scenario.agentOutput ?? "").utf8)
    let whole = try run.artifact("agent_stdout.log")
    let isWhole = whole.count == 3 << 20 && whole.starts(with: Array("0000000\n".utf8))
    let hasBothEnds = output.prefix(half) == whole.prefix(half) && output.suffix(half) == whole.suffix(half)
    #expect(isWhole && hasBothEnds, "\(whole.count) bytes in the artifact, \(output.count) answered")
    let mark = String(decoding: output.dropFirst(half).dropLast(half), as: UTF8.self)
    #expect(mark.contains("\((3 << 20) - 2 * half) bytes") && mark.contains("agent_stdout.log"), "\(mark)")
    let errors = Array((scenario["agent_stderr"]?.string ?? "").utf8)
    #expect(String(decoding: errors.dropFirst(half).dropLast(half), as: UTF8.self).contains(" 80 bytes"))
    #expect(try run.artifact("agent_stderr.log").count == 2 * half + 80)
  }

  @Test func binaryOutputBecomesTextAndTheArtifactKeepsItsBytes() async throws {
    let spec = EvalSpec(
      agent: "head -c 100000 /dev/urandom | tee copy; printf '\\377\\300\\200\\000\\342\\202' >&2",
      checks: [
        "same": Check.command("test $(wc -c <copy) = 100000")
      ])
    let run = try await Workspace().evaluate(spec)
    let (scenario, whole) = (try run.scenario(), try run.artifact("agent_stdout.log"))
    #expect(run.exitCode == 0 && whole.count == 100_000, "\(run.outcome)")
    #expect(try run.artifact("agent_stderr.log") == [0xFF, 0xC0, 0x80, 0, 0xE2, 0x82])
    #expect(scenario["agent_stderr"]?.string?.contains("\u{FFFD}") == true)
  }

  @Test func outputWithoutEndCostsOneScenarioItsVerdict() async throws {
    let workspace = try Workspace()
    var spec = EvalSpec(agent: "test $KEYSTONE_REPLICA = 1 && exec head -c 300000000 /dev/zero; echo modest")
    spec["parallelism.replicas"] = 2
    let run = try await workspace.evaluate(spec, timeout: .seconds(100))
    let (modest, endless) = (try run.scenario("c1-r1"), try run.scenario("c1-r2"))
    #expect(modest.status == "pass" && modest.agentOutput == "modest\n", "\(run.outcome)")
    #expect(endless.status == "error" && endless.error?.contains("256 MiB") == true, "\(run.outcome)")
    #expect(run.outcome.peakMemory < 512 << 20, "\(run.outcome.peakMemory >> 20) MiB")
  }

  @Test func theAuditLogTellsWhatHappenedInOrder() async throws {
    var spec = EvalSpec(agent: "echo one; sleep 0.1; echo two >&2")
    spec["setup.commands"] = ["true"]
    let run = try await Workspace().evaluate(spec)
    let lines = try run.artifact("audit.jsonl").split(separator: 10)
    let records = try lines.map { try JSONValue(parsing: Array($0)) }
    #expect(records.compactMap { $0["seq"]?.int } == Array(1...Int64(max(1, records.count))), "\(run.outcome)")
    let agent = records.filter { $0["phase"] == "agent" && $0["actor"] == "agent" }
    #expect(agent.compactMap { $0["event"]?.string } == ["stdout", "stderr", "command"])
    #expect(records.first?["phase"] == "setup" && records.last?["phase"] == "check:done")
    let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/
    #expect(records.allSatisfy { $0["ts"]?.string?.wholeMatch(of: time) != nil })
  }
}
