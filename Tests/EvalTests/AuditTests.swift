import Glibc
import KeystoneKit
import Testing

/// Who runs the engine.
enum Operator: CaseIterable, CustomTestStringConvertible {
  case root, ordinaryUser

  /// Those that can be tried here.
  static var possible: [Operator] { allCases.filter { $0 == .root || OrdinaryUser.isPossible } }

  var testDescription: String { self == .root ? "whoever runs the tests" : "an ordinary user" }
  func workspace() throws -> Workspace { try Workspace(user: self == .root ? nil : OrdinaryUser.id) }
}

extension JSONValue {
  /// The records of a scenario's audit log.
  func audit(_ event: String? = nil) throws -> [JSONValue] {
    let lines = artifact("audit.jsonl").split(separator: UInt8(ascii: "\n"))
    let records = try lines.map { try JSONValue(parsing: Array($0)) }
    return event == nil ? records : records.filter { $0["event"]?.string == event }
  }
}

/// The audit records what happened, not what the agent says.
@Suite(.timeLimit(.minutes(15)))
struct AuditTests {
  /// Runs an agent that may write to `src/` only, with processes recorded too.
  func run(_ agent: String, as who: Operator = .root, check: String = "true") async throws -> Evaluation {
    var spec = EvalSpec(agent: agent, checks: ["check": Check.command(check)])
    spec["forbidden"] = ["file_writes_outside": ["src/"]]
    spec["audit.process_spawns"] = true
    spec["secrets"] = [["name": "TOKEN", "from": "static://x-y-z-secret"]]
    return try await who.workspace().evaluate(spec, timeout: .seconds(100))
  }

  @Test(arguments: Operator.possible)
  func aFileWrittenAndDeletedAgainIsSeenAThousandTimesOnABusyCore(_ who: Operator) async throws {
    let agent = """
      (while :; do :; done) & (while :; do :; done) &
      i=0; while [ $i -lt 1000 ]; do : >out_$i; rm out_$i; i=$((i + 1)); done; kill %1 %2
      """
    let run = try await run(agent, as: who)
    let scenario = try run.scenario()
    #expect(scenario.rule("file_writes_outside")?["violated"] == true)
    let written = try scenario.audit("file_write").compactMap { $0["data"]?["path"]?.string }
    let deleted = try scenario.audit("file_delete").compactMap { $0["data"]?["path"]?.string }
    let wanted = Set((0..<1000).map { "out_\($0)" })
    #expect(Set(written).isSuperset(of: wanted) && Set(deleted).isSuperset(of: wanted))
    // One `rm` each, with its arguments.
    let spawned = try scenario.audit("process_spawn").compactMap { $0["data"]?["arguments"]?.array }
    #expect(spawned.count { $0.first == "rm" } == 1000, "\(run.outcome)")
  }

  @Test(arguments: Operator.possible)
  func aProcessLeftBehindThatWritesOneSecondAfterTheAgentEndedIsSeen(_ who: Operator) async throws {
    let scenario = try await run("(setsid sh -c 'sleep 1; echo x >late' >/dev/null 2>&1 &)", as: who).scenario()
    let details = scenario.rule("file_writes_outside")?["details"]?.string ?? ""
    #expect(scenario.status == "fail" && details.contains("late"), "\(scenario.pretty())")
  }

  @Test func aStaticBinaryIsSeen() async throws {
    let workspace = try Workspace()
    let source = try workspace.write(
      "#include <fcntl.h>\n#include <unistd.h>\nint main(void) { close(creat(\"quiet\", 0644)); unlink(\"quiet\"); }",
      to: "quiet.c")
    #expect(system("cc -static -o \(workspace.path)/quiet \(source)") == 0)
    var spec = EvalSpec(agent: "./quiet")
    spec["fixtures"] = [["type": "directory", "source": "quiet", "target": "."]]
    spec["forbidden"] = ["file_writes_outside": ["src/"]]
    let scenario = try await workspace.evaluate(spec).scenario()
    #expect(scenario.rule("file_writes_outside")?["details"]?.string?.contains("quiet") == true, "\(scenario.pretty())")
  }

  @Test(arguments: Operator.possible)
  func theWaysAroundBeingSeenAreClosed(_ who: Operator) async throws {
    let agent = """
      python3 - <<'END'
      import ctypes, os
      libc = ctypes.CDLL(None, use_errno=True)
      def call(*a):
        r = libc.syscall(*a); return r, ctypes.get_errno()
      print("io_uring", call(425, 8, ctypes.create_string_buffer(256)))
      print("unshare", call(272, 0x10000000))
      how = (ctypes.c_uint64 * 3)(os.O_WRONLY | os.O_CREAT, 0o644, 0)
      print("openat2", call(437, -100, b"by-openat2", how, 24)[0] >= 0)
      print("rename", call(82, b"by-openat2", b"renamed")[0])
      fd = os.open(".", os.O_TMPFILE | os.O_WRONLY)
      print("tmpfile", call(265, -100, ("/proc/self/fd/%d" % fd).encode(), -100, b"linked", 0x400)[0])
      print("fd", os.close(os.open("/proc/self/fd/%d/by-fd" % os.open(".", os.O_PATH), os.O_CREAT | os.O_WRONLY)))
      END
      """
    let scenario = try await run(agent, as: who).scenario()
    let output = scenario.agentOutput ?? ""
    #expect(output.contains("io_uring (-1, 38)") && output.contains("unshare (-1, 1)"), "\(output)")
    let details = scenario.rule("file_writes_outside")?["details"]?.string ?? ""
    for name in ["by-openat2", "renamed", "linked", "by-fd"] { #expect(details.contains(name), "\(output) \(details)") }
  }

  @Test func recordsAreChainedMaskedAndDescribed() async throws {
    let run = try await run("echo $TOKEN; sh -c 'true x-y-z-secret'; echo x >elsewhere")
    let scenario = try run.scenario()
    let log = "\(scenario["artifacts"]?.string ?? "")/audit.jsonl"
    let records = try scenario.audit()
    #expect(
      !String(decoding: FileBytes.read(log) ?? [], as: UTF8.self).contains("x-y-z-secret")
        && scenario["audit"]?["records"] == .integer(Int64(records.count)))
    let spawns = try scenario.audit("process_spawn")
    let masked: JSONValue = ["sh", "-c", "true [secret TOKEN]"]
    #expect(spawns.contains { $0["data"]?["arguments"] == masked && $0["secrets"] == ["TOKEN"] }, "\(spawns)")
    #expect(records.enumerated().allSatisfy { $1["seq"] == .integer(Int64($0 + 1)) })

    let head = try #require(scenario["audit"]?["sha256"]?.string)
    let verify = ["audit", "verify", log, "--head", head]
    #expect(try await run.workspace.run(verify).exitCode == 0)
    let text = String(decoding: FileBytes.read(log) ?? [], as: UTF8.self)
    let schema = try await run.workspace.run(["audit", "schema"])
    try run.workspace.write(schema.stdout, to: "schema.json")
    let validate = try run.workspace.shell(
      "python3 -c 'import json, jsonschema\ns = json.load(open(\"schema.json\"))\nfor l in open(\"\(log)\"): jsonschema.validate(json.loads(l), s)'"
    )
    #expect(await validate.outcome().exitCode == 0)
    for changed in [text.replacing("elsewhere", with: "somewhere"), text.replacing("\"seq\":2,", with: "\"seq\":9,")] {
      try FileBytes.write(Array(changed.utf8), to: log, mode: 0o600)
      #expect(try await run.workspace.run(verify).exitCode == 1)
    }
  }

  @Test func onlyWhatIsAskedForIsKept() async throws {
    var spec = EvalSpec(
      agent: "mkdir -p a b; echo x >a/x; cat a/x; echo x >b/x; rm a/x", checks: ["c": Check.command("cat a/y")])
    spec["setup.files"] = [["path": "a/y", "content": "y"]]
    spec["audit.file_system"] = ["watch": ["a/"], "track": ["reads", "deletes"]]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    let agents = try scenario.audit().filter {
      $0["phase"] == "agent" && $0["event"]?.string?.hasPrefix("file_") == true
    }
    #expect(
      agents.map { "\($0["event"]?.string ?? "") \($0["data"]?["path"]?.string ?? "")" } == [
        "file_read a/x", "file_delete a/x",
      ])
  }
}
