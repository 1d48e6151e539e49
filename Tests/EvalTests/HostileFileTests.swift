import Glibc
import KeystoneKit
import Testing

/// Specs that are no specs, or want to hurt: a diagnostic and exit code 2, quickly, never a crash or a hang.
@Suite struct HostileFileTests {
  static let minimal = """
    version: 1
    id: hostile
    base: "debian:12"
    task: {prompt: Do it.}
    invariants: {done: {check: {type: command_exit, command: "true"}}}

    """

  /// Expects that both commands refuse the file with these words.
  private func refuse(
    _ file: String, _ parts: [String], in workspace: Workspace, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for command in [["spec", "check"], ["eval", "run"]] {
      let outcome = try await workspace.run(command + [file], timeout: .seconds(30))
      #expect(outcome.exitCode == 2 && outcome.stdout.isEmpty, "\(command): \(outcome)", sourceLocation: sourceLocation)
      #expect(outcome.duration < .seconds(10), "\(command): \(outcome.duration)", sourceLocation: sourceLocation)
      #expect(outcome.stderr.utf8.count < 200_000, sourceLocation: sourceLocation)
      for part in parts { expect(outcome.stderr, has: part, sourceLocation: sourceLocation) }
    }
    #expect(workspace.sandboxes.isEmpty, sourceLocation: sourceLocation)
  }

  private func refuse(bytes: [UInt8], _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let workspace = try Workspace()
    try FileBytes.write(bytes, to: "\(workspace.path)/spec.yaml")
    try await refuse("spec.yaml", parts, in: workspace, sourceLocation: sourceLocation)
  }

  private func refuse(_ text: String, _ part: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await refuse(bytes: Array(text.utf8), "spec.yaml:", part, sourceLocation: sourceLocation)
  }

  @Test func aliasesThatMultiplyAreRefused() async throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
    }
    try await refuse(text, "too many values")
  }

  @Test func mergesThatMultiplyAreRefused() async throws {
    var text = "m0: &m0 {\((0..<1000).map { "k\($0): 1" }.joined(separator: ", "))}\n"
    for level in 1...200 { text += "m\(level): {<<: *m0, a: 1}\n" }
    try await refuse(text, "too many values")
  }

  @Test func aliasesThatContainThemselvesAreRefused() async throws {
    try await refuse("a: &a [*a]\n\(Self.minimal)", "a")
  }

  @Test func largeScalarsAndFilesAreRefused() async throws {
    try await refuse(Self.minimal + "name: " + String(repeating: "x", count: 10_000_000), "more than a spec may have")
    try await refuse(Self.minimal + "name: " + String(repeating: "x", count: 2_000_000), "more than one value may have")
  }

  @Test(arguments: ["[", "{a: ", "- ", "? "])
  func depthIsRefused(_ opening: String) async throws {
    try await refuse(String(repeating: opening, count: 10_000), "spec.yaml:1:")
  }

  @Test func blocksTenThousandDeepAreRefused() async throws {
    try await refuse((0..<2_500).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), "nested too deeply")
  }

  @Test func bytesThatAreNoTextAreRefused() async throws {
    let minimal = Array(Self.minimal.utf8)
    try await refuse(bytes: minimal + Array("name: ".utf8) + [0xFF, 0xFE, 0x80, 10], "spec.yaml:6:")
    try await refuse(bytes: minimal + Array("name: a".utf8) + [0, 10], "spec.yaml:")
    try await refuse(bytes: [0xC3], "spec.yaml")
    try await refuse(bytes: (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8) }, "spec.yaml")
  }

  @Test func duplicateKeysTabsAndBrokenSyntaxAreRefused() async throws {
    try await refuse(Self.minimal + "id: again\n", "spec.yaml:6:1")
    try await refuse("version: 1\n\tid: x\n", "spec.yaml:2:")
    try await refuse(Self.minimal + "setup:\n\t- x\n", "tab")
    try await refuse(Self.minimal + "name: \"never closed\n", "spec.yaml:")
    try await refuse(Self.minimal + "---\n" + Self.minimal, "spec.yaml:")
    try await refuse(Self.minimal + "name: !!python/object:os.system x\n", "spec.yaml:6:")
  }

  @Test func filesThatAreNoneAreRefusedWithoutWaiting() async throws {
    let workspace = try Workspace()
    mkdir("\(workspace.path)/folder.yaml", 0o755)
    mkfifo("\(workspace.path)/pipe.yaml", 0o644)
    symlink("loop.yaml", "\(workspace.path)/loop.yaml")
    try workspace.write("", to: "empty.yaml")
    try workspace.write("# nothing\n", to: "comment.yaml")
    for (file, part) in [
      ("folder.yaml", "a directory"), ("pipe.yaml", "a FIFO"), ("/dev/zero", "a device"), ("none.yaml", "no such file"),
      ("loop.yaml", "loop.yaml"), ("empty.yaml", "empty.yaml"), ("comment.yaml", "comment.yaml"),
      ("empty.yaml/x", "no such file"), ("", "no such file"), ("/proc/self/mem", "/proc/self/mem"),
    ] {
      try await refuse(file, [part], in: workspace)
    }
  }

  @Test func sparseFilesAreRefusedBeforeTheyAreRead() async throws {
    let workspace = try Workspace()
    try workspace.write("", to: "huge.yaml")
    truncate("\(workspace.path)/huge.yaml", 5 << 30)
    try await refuse("huge.yaml", ["more than a spec may have"], in: workspace)
  }

  @Test func everyFileOfAListIsChecked() async throws {
    let workspace = try Workspace()
    try workspace.write(Self.minimal, to: "good.yaml")
    try workspace.write(Self.minimal.replacing("base:", with: "bse:"), to: "bad.yaml")
    let outcome = try await workspace.run(["spec", "check", "good.yaml", "none.yaml", "bad.yaml"])
    #expect(outcome.exitCode == 2)
    expect(outcome.stderr, has: "none.yaml", "bad.yaml:3:1", "did you mean `base`")
    let good = try await workspace.run(["spec", "check", "good.yaml", "good.yaml"])
    #expect(good.exitCode == 0, "\(good)")
    let run = try await workspace.run(["eval", "run", "good.yaml", "bad.yaml"])
    #expect(run.exitCode == 2 && workspace.sandboxes.isEmpty, "\(run)")
  }

  @Test func terminalsAreNotAttacked() async throws {
    let workspace = try Workspace()
    try workspace.write(
      Self.minimal + "\"\\e[31mred\\u202e\": \"\\e]0;title\\a\"\n", to: "e\u{1B}[31m.yaml")
    let outcome = try await workspace.run(["spec", "check", "e\u{1B}[31m.yaml"])
    #expect(outcome.exitCode == 2)
    let controls = outcome.stderr.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E }
    #expect(controls.isEmpty, "\(outcome)")
  }
}
