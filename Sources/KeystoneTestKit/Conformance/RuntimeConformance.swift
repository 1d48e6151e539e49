public import KeystoneKit

/// The acceptance test of a ``Runtime``: one call in the test of a type, more than fifty cases.
///
/// A sandbox it makes needs `sh` and the usual small programs: `cat`, `env`, `head`, `kill`, `ln`, `mkdir`, `mkfifo`, `printf`,
/// `setsid`, `sleep`, `wc`.
public enum RuntimeConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  public static func check<T: Runtime>(_ type: T.Type, settings: [String: JSONValue] = [:]) async throws {
    let folder = try TemporaryFolder()
    let plugin = try PluginUnderTest(Plugin("under-test", version: "1.0.0", type), settings: settings, folder: folder)
    let other = try PluginUnderTest(Plugin("under-test", version: "1.0.0", type), settings: settings, folder: folder)
    try await report(plugin, other: other).check()
  }

  /// Tests the runtime `type` of a plugin, the only one when it is `nil`.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - name: The type's name.
  ///   - other: The same plugin in another process, or as if it were: it must find and remove what the first has made.
  /// - Returns: What was found.
  /// - Throws: ``PluginError`` when the plugin cannot be used at all.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, other: PluginUnderTest? = nil
  ) async throws -> ConformanceReport {
    let runtime = RuntimeUnderTest(
      plugin: plugin, type: try await plugin.type(.runtime, name), folder: try TemporaryFolder(),
      host: try await TestHost())
    let subject = "runtime \(runtime.type.type)"
    let health = try await health(runtime)
    guard health.isHealthy else {
      return await ConformanceCase.report(
        subject, [ConformanceCase("it can be used on this machine") { .skipped(health.reason) }])
    }
    let elsewhere = other.map {
      RuntimeUnderTest(plugin: $0, type: runtime.type, folder: runtime.folder, host: runtime.host)
    }
    return await ConformanceCase.report(
      subject,
      [.holds("it says why it can be used") { try expect(!health.reason.isEmpty, "its reason is empty") }]
        + lifeCases(runtime, elsewhere) + commandCases(runtime) + processCases(runtime) + fileCases(runtime)
        + pathCases(runtime))
  }

  private static func health(_ runtime: RuntimeUnderTest) async throws -> RuntimeHealth {
    let body = try await runtime.begin("health", SandboxCall(type: runtime.type.type)).result()
    return try JSONValueDecoder().decode(RuntimeHealth.self, from: JSONValue(parsing: body))
  }
}

// MARK: Beginning and end

extension RuntimeConformance {
  static func lifeCases(_ runtime: RuntimeUnderTest, _ elsewhere: RuntimeUnderTest?) -> [ConformanceCase] {
    [
      runtime.sandbox("it says what a sandbox really has") { sandbox in
        let environment = sandbox.environment
        try expect(environment.runtime == runtime.type.type, "it calls itself `\(environment.runtime)`")
        try expect(environment.workspacePath.hasPrefix("/"), "its workspace is at `\(environment.workspacePath)`")
        try expect(!environment.isolation.isEmpty && !environment.user.isEmpty, "isolation or user is not said")
        for limit in ["cpu", "memory", "disk", "processes", "timeout"] {
          let word = environment.limits[limit] ?? "nothing"
          try expect(["enforced", "watched", "none"].contains(word), "of the limit `\(limit)` it says `\(word)`")
        }
      },
      runtime.sandbox("creating with the same id makes one sandbox") { sandbox in
        try await sandbox.write("mark", "one")
        let again = try await runtime.create(sandbox.id)
        let text = try await again.text("mark")
        try expect(text == "one", "the second has other files")
      },
      .holds("two sandboxes do not see each other's files") {
        let (first, second) = (
          try await runtime.create(RuntimeUnderTest.newID()), try await runtime.create(RuntimeUnderTest.newID())
        )
        try await first.write("only-here", "x")
        let code = try await SandboxUnderTest.code("reading it in the other") { _ = try await second.read("only-here") }
        try await first.call("destroy")
        try await second.call("destroy")
        try expect(code == .notFound, "the other one answers `\(code)`")
      },
      runtime.sandbox("it lists a sandbox with its id and its host") { sandbox in
        let wanted = ExistingSandbox(id: sandbox.id, instance: "instance-\(sandbox.id)")
        let found = try await runtime.existing()
        try expect(found.contains(wanted), "it lists \(found.map(\.id))")
        try await sandbox.call("destroy")
        let left = try await runtime.existing()
        try expect(!left.contains(wanted), "it still lists what was destroyed")
      },
      ConformanceCase("another process finds and removes what this one has left") {
        guard let elsewhere else { return .skipped("there is no other process in this test") }
        let sandbox = try await runtime.create(RuntimeUnderTest.newID())
        try await sandbox.write("left", "x")
        let wanted = ExistingSandbox(id: sandbox.id, instance: "instance-\(sandbox.id)")
        try expect(try await elsewhere.existing().contains(wanted), "it is not listed")
        try await elsewhere.reap(wanted)
        try expect(try await !elsewhere.existing().contains(wanted), "it is still listed")
        try await elsewhere.reap(wanted)
        try? await sandbox.call("destroy")
        return .passed
      },
      runtime.sandbox("destroying twice is no error") { sandbox in
        try await sandbox.call("destroy")
        try await sandbox.call("destroy")
      },
      runtime.sandbox("destroying ends what runs") { sandbox in
        let command = Command(["sh", "-c", "echo begun; exec sleep 1000"])
        let call = try await sandbox.begin("exec", SandboxCall(command: command))
        _ = try await call.input(1).next()
        try await sandbox.call("destroy")
        let end = await Result { try await call.result() }
        if case .success(let body) = end {
          let status = try SandboxUnderTest.status(body)
          try expect(!status.isSuccess, "the command \(status.ending)")
        }
      },
      runtime.sandbox("a destroyed sandbox runs nothing") { sandbox in
        try await sandbox.call("destroy")
        let code = try await SandboxUnderTest.code("a command") { _ = try await sandbox.shell("true") }
        try expect(code == .notFound || code == .unavailable, "it answers `\(code)`")
      },
    ]
  }
}
