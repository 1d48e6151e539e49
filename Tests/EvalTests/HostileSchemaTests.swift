import Glibc
import KeystoneKit
import Testing

/// The JSON Schema that `keystone spec schema` prints, which editors use.
@Suite struct HostileSchemaTests {
  private static let examples = ["repair/repair.yaml", "repair/cheat.yaml", "flaky/flaky.yaml"]

  @Test func theSchemaHasTheParametersOfEveryType() async throws {
    let outcome = try await Workspace().run(["spec", "schema"])
    #expect(outcome.exitCode == 0 && outcome.stderr.isEmpty, "\(outcome.stderr)")
    let schema = try JSONValue(parsing: outcome.stdout)
    #expect(schema["$schema"]?.string?.contains("json-schema.org") == true)
    #expect(schema["type"] == "object")
    #expect(
      schema["required"]?.array?.compactMap(\.string).sorted() == ["base", "id", "invariants", "task", "version"])
    for (point, types) in PluginCommandsTests.builtins where point != "runtime" {
      for type in types { #expect(outcome.stdout.contains("\"\(type)\""), "\(type)") }
    }
    expect(outcome.stdout, has: "not_contains", "pass_threshold", "judge", "exit_code")
    #expect(Self.references(in: schema).allSatisfy { Self.resolve($0, in: schema) != nil })
  }

  /// Every `$ref` of a schema.
  private static func references(in value: JSONValue) -> [String] {
    switch value {
    case .object(let members):
      (members["$ref"]?.string.map { [$0] } ?? []) + members.values.flatMap(references)
    case .array(let items): items.flatMap(references)
    default: []
    }
  }

  private static func resolve(_ reference: String, in schema: JSONValue) -> JSONValue? {
    guard reference.hasPrefix("#") else { return nil }
    return reference.dropFirst().split(separator: "/").reduce(schema) { value, part in
      value?[String(part.replacing("~1", with: "/").replacing("~0", with: "~"))]
    }
  }

  @Test(.enabled(if: JSONSchemaValidator.exists, "needs a python3 with the modules jsonschema and yaml"))
  func theExamplesAreValidAndMistakesAreNot() async throws {
    let workspace = try Workspace()
    let schema = try workspace.write(try await workspace.run(["spec", "schema"]).stdout, to: "schema.json")
    var mistakes: [String] = []
    for (index, (old, new)) in [
      ("type: file_content", "type: file_contents"), ("prompt:", "promt:"), ("path: a.txt\n", "path: 7\n"),
      ("pass_threshold: 0.9", "pass_threshold: 9"), ("timeout: 10m", "timeout: soon"), ("replicas: 2", "replicas: 0"),
      ("type: cli", "type: nobody"), ("[src/]", "7"), ("weight: 1", "wieght: 1"), ("id: hostile", "name: x"),
    ].enumerated() {
      let text = HostileValueTests.spec.replacing(old, with: new)
      mistakes.append(try workspace.write(text, to: "m\(index).yaml"))
    }
    let good = try workspace.write(HostileValueTests.spec, to: "good.yaml")
    let files = Self.examples.map { "\(Checkout.folder)/Examples/\($0)" } + [good] + mistakes
    let lines = try await JSONSchemaValidator.validate([schema] + files).split(separator: "\n")
    try #require(lines.count == files.count)
    for (file, line) in zip(files, lines) {
      #expect(line.hasPrefix(mistakes.contains(file) ? "invalid" : "valid"), "\(line)")
    }
  }

  @Test func theExamplesAreSpecsWithoutProblems() async throws {
    let outcome = try await Workspace().run(
      ["spec", "check"] + Self.examples.map { "\(Checkout.folder)/Examples/\($0)" })
    #expect(outcome.exitCode == 0 && outcome.stderr.isEmpty, "\(outcome)")
  }
}

/// A validator of JSON Schemas that others wrote.
enum JSONSchemaValidator {
  private static let environment = [
    "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin",
    "HOME": getenv("HOME").map { String(cString: $0) } ?? "/", "PYTHONWARNINGS": "ignore",
  ]

  /// Whether this machine has one.
  static let exists: Bool = {
    let arguments: [String] = ["python3", "-c", "import jsonschema, yaml"]
    var words = arguments.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var pid: pid_t = 0
    var status: Int32 = -1
    guard posix_spawnp(&pid, "python3", &actions, nil, &words, environ) == 0 else { return false }
    waitpid(pid, &status, 0)
    return status == 0
  }()

  /// What `Tests/Servers/validate_schema.py` prints.
  static func validate(_ arguments: [String]) async throws -> String {
    let process = try RunningProcess(
      ["python3", "\(Checkout.folder)/Tests/Servers/validate_schema.py"] + arguments, environment: environment,
      stdin: "",
      onEnd: {})
    let outcome = await process.outcome()
    try #require(outcome.exitCode == 0, "\(outcome)")
    return outcome.stdout
  }
}
