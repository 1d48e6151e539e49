import KeystoneKit

/// A spec that a test puts together.
struct EvalSpec {
  var json: JSONValue

  /// A spec with checks and, where there is one, an agent that is a line for `sh -c`.
  ///
  /// - Parameters:
  ///   - agent: What the agent does; without it the spec is judged as set up.
  ///   - checks: The `check` of each invariant.
  init(agent: String? = nil, checks: [String: JSONValue] = ["done": Check.command("true")]) {
    json = [
      "version": 1, "id": "test", "base": "debian:12", "task": ["prompt": "Do it."],
      "invariants": .object(checks.mapValues { ["check": $0] }),
    ]
    if let agent { json["agent"] = ["type": "cli", "binary": "sh", "args": ["-c", .string(agent)], "timeout": "50s"] }
  }

  /// A member by its path, such as `scoring.pass_threshold`; maps on the way are made.
  subscript(path: String) -> JSONValue? {
    get { path.split(separator: ".").reduce(json) { $0?[String($1)] } }
    set { Self.set(newValue, at: path.split(separator: ".").map(String.init)[...], in: &json) }
  }

  private static func set(_ value: JSONValue?, at path: ArraySlice<String>, in json: inout JSONValue) {
    guard let key = path.first else { return }
    guard path.count > 1 else { return json[key] = value }
    var member = json[key] ?? [:]
    set(value, at: path.dropFirst(), in: &member)
    json[key] = member
  }
}

/// The checks that tests use most.
enum Check {
  /// Passes when a line for `sh -c` exits with 0.
  static func command(_ line: String) -> JSONValue { ["type": "command_exit", "command": .string(line)] }

  /// Passes when a file exists.
  static func exists(_ path: String) -> JSONValue { ["type": "file_exists", "path": .string(path)] }

  /// Passes when a file contains a text.
  static func file(_ path: String, contains text: String) -> JSONValue {
    ["type": "file_content", "path": .string(path), "contains": .string(text)]
  }

  /// A check in Python, which finds its document in `data` and prints its finding itself.
  static func python(_ code: String) -> JSONValue {
    ["type": "custom", "code": .string("import json, sys\ndata = json.load(sys.stdin)\n\(code)\n")]
  }

  /// Answers exactly this score.
  static func score(_ score: Double, passed: Bool) -> JSONValue {
    python("print(json.dumps(dict(passed=\(passed ? "True" : "False"), score=\(score), reason='as told')))")
  }
}
