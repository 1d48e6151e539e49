import Glibc
import KeystoneKit
import Testing

/// The commands `keystone plugin list` and `keystone plugin show`.
@Suite struct PluginCommandsTests {
  /// Every type that comes with the host, by extension point.
  static let builtins: [(point: String, types: [String])] = [
    ("agent", ["cli", "http", "image", "paragon", "python", "snapshot"]),
    ("fixture", ["directory", "drift", "git_repo", "sql"]),
    ("forbidden", ["db_writes_outside", "file_writes_outside", "http_except", "secrets_in_logs"]),
    (
      "invariant",
      [
        "command_exit", "custom", "file_absent", "file_content", "file_exists", "http_mock_assertions", "llm_as_judge",
        "sql",
      ]
    ),
    ("notifier", ["email", "slack", "webhook"]),
    ("runtime", ["docker", "local", "podman"]),
  ]

  @Test func theListNamesEveryTypeWithItsFile() async throws {
    let workspace = try Workspace()
    let outcome = try await workspace.run(["plugin", "list"])
    #expect(outcome.exitCode == 0 && outcome.stderr.isEmpty, "\(outcome)")
    let lines = outcome.stdout.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    for (point, types) in Self.builtins {
      for type in types {
        let line = try #require(lines.first { $0.starts(with: [point, type]) }, "\(point) \(type): \(outcome)")
        #expect(line.last?.hasPrefix("\(Keystone.folder)/libkeystone_") == true && access(line.last ?? "", R_OK) == 0)
        #expect(line.contains("in-process"))
      }
    }
    #expect(!outcome.stdout.contains("refused"))
  }

  @Test func theListInJSONIsTheSame() async throws {
    let outcome = try await Workspace().run(["plugin", "list", "--format", "json"])
    #expect(outcome.exitCode == 0, "\(outcome)")
    let json = try JSONValue(parsing: outcome.stdout)
    let found = (json["types"]?.array ?? []).map { "\($0["point"]?.string ?? "") \($0["type"]?.string ?? "")" }
    #expect(found == Self.builtins.flatMap { point, types in types.map { "\(point) \($0)" } })
    for type in json["types"]?.array ?? [] {
      #expect(type["sha256"]?.string?.utf8.count == 64 && type["version"]?.string == "1.0.0")
      #expect(type["file"]?.string.map { access($0, R_OK) } == 0, "\(type)")
      #expect(type["description"]?.string?.isEmpty == false)
    }
    #expect(json["refused"]?.array?.isEmpty == true)
  }

  @Test func everyTypeCanBeShown() async throws {
    let workspace = try Workspace()
    for type in Self.builtins.flatMap(\.types) {
      let outcome = try await workspace.run(["plugin", "show", type])
      #expect(outcome.exitCode == 0, "\(outcome)")
      expect(outcome.stdout, has: type, "libkeystone_", "sha256", "1.0.0", "parameters:")
    }
  }

  @Test func aTypeIsShownWithItsParametersAndSettings() async throws {
    let workspace = try Workspace()
    let check = try await workspace.run(["plugin", "show", "command_exit"])
    expect(check.stdout, has: "command: string (required)", "exit_code: integer", "default 0", "at most 255")
    let webhook = try await workspace.run(["plugin", "show", "webhook"])
    expect(webhook.stdout, has: "notifier webhook", "url: string (required)", "headers: object")
    let judge = try await workspace.run(["plugin", "show", "llm_as_judge"])
    expect(judge.stdout, has: "judge-api-key: -judge-api-key, $KEYSTONE_JUDGE_API_KEY, secret", "pass_threshold")
    let json = try await workspace.run(["plugin", "show", "file_content", "--format", "json"])
    let shown = try #require(try JSONValue(parsing: json.stdout).array?.first)
    #expect(shown["qualified_name"]?.string == "file_content/file_content")
    #expect(shown["parameters"]?["required"]?.array == ["path"])
    let qualified = try await workspace.run(["plugin", "show", "file_content/file_content"])
    #expect(qualified.exitCode == 0)
  }

  @Test func aTypeThatIsNotThereIsMissedWithAnInstruction() async throws {
    for name in ["file_exist", "", "a b", "../../etc/passwd", "nobody/file_exists"] {
      let outcome = try await Workspace().run(["plugin", "show", name])
      #expect(outcome.exitCode == 2 && outcome.stdout.isEmpty, "\(outcome)")
      expect(outcome.stderr, has: "keystone plugin list")
    }
  }

  @Test func settingsThatAreSecretAreNeverPrinted() async throws {
    let workspace = try Workspace()
    let environment = ["KEYSTONE_JUDGE_API_KEY": "sk-test-771f0c", "KEYSTONE_JUDGE_URL": "ht tp://not a url"]
    let spec = try workspace.write(EvalSpec(checks: ["j": ["type": "llm_as_judge", "criteria": "x"]]))
    for arguments in [
      ["plugin", "list"], ["plugin", "list", "--format", "json"], ["plugin", "show", "llm_as_judge"],
      ["plugin", "show", "llm_as_judge", "--format", "json"], ["spec", "check", spec], ["spec", "schema"],
      ["eval", "run", spec, "-judge-api-key", "sk-test-other-19"], ["eval", "run", spec],
      ["eval", "run", spec, "-judge-api-kee", "sk-test-other-19"], ["eval", "run", "--help"],
    ] {
      let outcome = try await workspace.run(arguments, environment: environment)
      for text in [outcome.stdout, outcome.stderr] {
        #expect(!text.contains("sk-test-771f0c") && !text.contains("sk-test-other-19"), "\(arguments)")
      }
    }
    let found = try await workspace.run(["plugin", "show", "none"], environment: environment)
    #expect(!found.stderr.contains("sk-test"))
    #expect(workspace.mentions("sk-test-771f0c").isEmpty, "\(workspace.mentions("sk-test-771f0c"))")
  }

  @Test(arguments: [
    ["plugin"], ["plugin", "lisst"], ["plugin", "list", "--format", "xml"], ["plugin", "show"],
    ["plugin", "show", "cli", "--format", "xml"], ["plugin", "list", "more"],
  ])
  func wrongCommandLinesSayHowTheyAreUsed(_ arguments: [String]) async throws {
    let outcome = try await Workspace().run(arguments)
    #expect(outcome.exitCode == (arguments == ["plugin"] ? 0 : 2), "\(outcome)")
    expect(outcome.stdout + outcome.stderr, has: "keystone plugin")
  }
}

extension Workspace {
  /// The files of the engine's data that contain a text.
  func mentions(_ text: String) -> [String] {
    func search(_ folder: String) -> [String] {
      FileBytes.names(in: folder).flatMap { name -> [String] in
        let path = "\(folder)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFDIR { return search(path) }
        guard status.st_mode & S_IFMT == S_IFREG, let bytes = FileBytes.read(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).contains(text) ? [path] : []
      }
    }
    return search(data)
  }
}
