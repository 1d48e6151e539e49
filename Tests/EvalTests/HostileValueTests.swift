import KeystoneKit
import Testing

/// Values that are wrong or absurd, each found at its place with a suggestion where there is one.
@Suite struct HostileValueTests {
  static let spec = """
    version: 1
    id: hostile
    base: "debian:12"
    task:
      prompt: Do it.
    setup:
      commands: ["true"]
      files:
        - {path: a.txt, content: x}
    resources:
      timeout: 10m
    agent:
      type: cli
      binary: sh
      timeout: 5m
    invariants:
      done:
        weight: 1
        timeout: 30s
        check:
          type: file_content
          path: a.txt
          pattern: x
    forbidden:
      file_writes_outside: [src/]
    scoring:
      pass_threshold: 0.9
    parallelism:
      replicas: 2
      matrix: [{size: 1}]

    """

  /// Checks many changed specs with one command and expects each change to be refused with its words.
  private func refuse(_ mistakes: [(old: String, new: String, parts: [String])]) async throws {
    let workspace = try Workspace()
    var files: [String] = []
    for (index, mistake) in mistakes.enumerated() {
      let range = try #require(Self.spec.firstRange(of: mistake.old), "the spec has no \(mistake.old)")
      let text = Self.spec.replacingCharacters(range, mistake.new)
      try workspace.write(text, to: "m\(index).yaml")
      files.append("m\(index).yaml")
    }
    let outcome = try await workspace.run(["spec", "check", "--format", "json"] + files)
    #expect(outcome.exitCode == 2 && outcome.duration < .seconds(30), "\(outcome)")
    let found = try #require(try JSONValue(parsing: outcome.stdout).array)
    for (file, mistake) in zip(files, mistakes) {
      let own = found.filter { $0["file"]?.string == file && $0["severity"]?.string == "error" }
      #expect(!own.isEmpty, "\(mistake.new) was accepted")
      #expect(own.allSatisfy { ($0["line"]?.int ?? 0) > 0 && ($0["column"]?.int ?? 0) > 0 }, "\(mistake.new): \(own)")
      for part in mistake.parts { expect(JSONValue.array(own).text, has: part) }
    }
  }

  @Test func theSpecIsFree() async throws {
    let workspace = try Workspace()
    try workspace.write(Self.spec, to: "spec.yaml")
    let outcome = try await workspace.run(["spec", "check", "spec.yaml"])
    #expect(outcome.exitCode == 0, "\(outcome)")
  }

  @Test func namesThatNobodyKnowsAreCorrected() async throws {
    try await refuse([
      ("type: file_content", "type: file_contents", ["did you mean `file_content`"]),
      ("type: file_content", "type: filecontent", ["file_content", "invariants.done.check.type"]),
      ("type: cli", "type: clli", ["did you mean `cli`", "agent.type"]),
      ("type: cli", "type: robot", ["agent.type"]),
      ("file_writes_outside:", "file_write_outside:", ["did you mean `file_writes_outside`"]),
      ("resources:", "resource:", ["did you mean `resources`"]), ("binary:", "binry:", ["did you mean `binary`"]),
      ("pattern:", "patern:", ["did you mean `pattern`"]), ("prompt:", "promt:", ["did you mean `prompt`"]),
      ("pass_threshold:", "threshold:", ["scoring.threshold"]), ("weight:", "wieght:", ["did you mean `weight`"]),
      ("replicas:", "replica:", ["did you mean `replicas`"]), ("content: x", "contents: x", ["`content`"]),
      ("type: file_content", "tpye: file_content", ["type"]), ("type: cli", "type: local", ["agent.type"]),
      ("type: file_content", "type: nobody/file_content", ["nobody/file_content"]),
      ("type: file_content", "type: \"\"", ["invariants.done.check.type"]),
    ])
  }

  @Test func typesOfPluginsAreCheckedWithTheirParameters() async throws {
    try await refuse([
      ("pattern: x", "pattern: '('", ["invariants.done.check.pattern", "regular expression"]),
      ("pattern: x", "pattern: '(?<n>a'", ["invariants.done.check.pattern"]),
      ("pattern: x", "pattern: 'a\\C'", ["invariants.done.check.pattern"]),
      ("pattern: x", "pattern: '*'", ["offset 0"]), ("pattern: x", "weight: 1", ["weight"]),
      ("      pattern: x\n", "", ["one of `contains`, `not_contains` and `pattern` is needed"]),
      ("      path: a.txt\n", "", ["lacks `path`"]), ("path: a.txt\n      p", "path: 7\n      p", ["check.path"]),
      ("path: a.txt\n      p", "path: ../a\n      p", ["check.path"]),
      ("path: a.txt\n      p", "path: a/../../b\n      p", ["check.path"]),
      ("path: a.txt\n      p", "path: \"\"\n      p", ["check.path"]),
      ("path: a.txt\n      p", "path: \"a\\0b\"\n      p", ["NUL"]),
      ("binary: sh", "binary: [sh]", ["agent.binary"]), ("binary: sh", "args: [x]", ["lacks `binary`"]),
      ("binary: sh", "binary: sh\n  args: x", ["agent.args"]), ("[src/]", "src/", ["file_writes_outside"]),
      ("[src/]", "[../src]", ["file_writes_outside"]), ("[src/]", "[[x]]", ["file_writes_outside"]),
      ("file_writes_outside: [src/]", "secrets_in_logs: allow", ["secrets_in_logs", "deny"]),
    ])
  }

  @Test func wrongKindsAreFoundEverywhere() async throws {
    var mistakes: [(String, String, [String])] = []
    for section in ["task", "setup", "resources", "agent", "invariants", "forbidden", "scoring", "parallelism"] {
      for value in ["7", "text", "[]", "[[]]", "true", "1.5"] {
        mistakes.append(("\n\(section):\n", "\n\(section): \(value)\nxx\(section):\n", [section]))
      }
    }
    for (old, new) in [
      ("version: 1", "version: [1]"), ("version: 1", "version: 1.0e400"), ("version: 1", "version: ~"),
      ("id: hostile", "id: {}"), ("base: \"debian:12\"", "base: 12"), ("prompt: Do it.", "prompt: {a: 1}"),
      ("prompt: Do it.", "prompt: ~"), ("commands: [\"true\"]", "commands: {a: b}"), ("content: x", "content: [x]"),
      ("weight: 1", "weight: heavy"), ("weight: 1", "weight: \"1\""), ("matrix: [{size: 1}]", "matrix: {size: [1]}"),
    ] { mistakes.append((old, new, [])) }
    try await refuse(mistakes)
  }

  @Test func absurdNumbersAreRefused() async throws {
    try await refuse([
      ("replicas: 2", "replicas: 1000000000", ["parallelism.replicas"]), ("replicas: 2", "replicas: 0", ["replicas"]),
      ("replicas: 2", "replicas: 1e9", ["replicas"]), ("replicas: 2", "replicas: -1", ["replicas"]),
      ("replicas: 2", "replicas: 99999999999999999999999999", ["replicas"]),
      ("pass_threshold: 0.9", "pass_threshold: .nan", ["pass_threshold"]),
      ("pass_threshold: 0.9", "pass_threshold: .inf", ["pass_threshold"]),
      ("pass_threshold: 0.9", "pass_threshold: -0.1", ["pass_threshold"]),
      ("pass_threshold: 0.9", "pass_threshold: 1.0000001", ["pass_threshold"]),
      ("weight: 1", "weight: .nan", ["weight"]), ("weight: 1", "weight: -1", ["weight"]),
      ("weight: 1", "weight: .inf", ["weight"]),
      ("timeout: 10m", "timeout: -5m", ["resources.timeout"]),
      ("timeout: 30s", "timeout: -1", ["invariants.done.timeout"]),
      ("timeout: 5m", "timeout: .nan", ["agent.timeout"]), ("timeout: 5m", "timeout: 1e400", ["agent.timeout"]),
      ("timeout: 10m", "timeout: 9999999999999h", ["resources.timeout"]),
      ("timeout: 10m", "timeout: 10m\n  pids: 99999999999", ["resources.pids"]),
      ("timeout: 10m", "timeout: 10m\n  memory: -1", ["resources.memory"]),
    ])
  }

  @Test func aMatrixWithoutEndIsRefusedOrCounted() async throws {
    let workspace = try Workspace()
    let cells = (0..<60_000).map { "{n: \($0)}" }.joined(separator: ", ")
    try workspace.write(Self.spec.replacing("{size: 1}", with: cells), to: "spec.yaml")
    let outcome = try await workspace.run(["spec", "check", "spec.yaml"])
    #expect(outcome.exitCode == 2 && outcome.duration < .seconds(10), "\(outcome)")
    expect(outcome.stderr, has: "spec.yaml:")
  }

  @Test(arguments: [
    ("timeout: 10m", ["90", "90s", "5m", "1h30m", "1h30m10s", "500ms", "0.5", "1.5h", "2d"]),
    ("timeout: 5m", ["90", "\"90\"", "45s", "1m30s"]),
  ])
  func lengthsOfTimeAreAccepted(_ key: String, _ values: [String]) async throws {
    try await accept(key, values.map { "timeout: \($0)" })
  }

  @Test func lengthsOfTimeThatAreNoneAreRefused() async throws {
    try await refuse(
      [
        "10 min", "10 m", "m", "1m1h", "1m1m", "0", "0s", "-1s", "1h-30m", "1e3", "0x10", "1,5", "٣s", "five", "[]",
        "{}", "true",
      ]
      .map { ("timeout: 10m", "timeout: \($0)", ["resources.timeout"]) })
  }

  @Test func sizesAndSharesOfProcessorsAreReadInTheirForms() async throws {
    let forms =
      ["512Mi", "4Gi", "500MB", "1073741824", "1.5Gi", "2T", "64Ki", "100 MB"].map { "memory: \($0)" }
      + ["4", "0.5", "100m", "1.25", "2500m"].map { "cpu: \($0)" } + ["20Gi", "500M"].map { "disk: \($0)" }
    try await accept("timeout: 10m", forms)
    try await refuse(
      (["4Gb", "4GIB", "Mi", "-1Gi", "1e9", "0x10", "4 G i", "∞", "99999999Ti", "[1]"].map { ("memory", $0) }
        + ["many", "-1", "0", "0m", "1e3", "100 m", "1.5.5", "99999999", "{}"].map { ("cpu", $0) }
        + ["big", "-5", "1XB"].map { ("disk", $0) })
        .map { ("timeout: 10m", "\($0): \($1)", ["resources.\($0)"]) })
  }

  private func accept(_ old: String, _ forms: [String]) async throws {
    let workspace = try Workspace()
    var files: [String] = []
    for (index, form) in forms.enumerated() {
      try workspace.write(Self.spec.replacing(old, with: form), to: "s\(index).yaml")
      files.append("s\(index).yaml")
    }
    let outcome = try await workspace.run(["spec", "check"] + files)
    #expect(outcome.exitCode == 0, "\(outcome)")
  }
}

extension String {
  /// The text with `range` replaced.
  fileprivate func replacingCharacters(_ range: Range<String.Index>, _ text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
