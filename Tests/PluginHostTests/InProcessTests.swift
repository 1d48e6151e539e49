import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// Plugins in the host's own process.
@Suite struct InProcessTests {
  @Test func callsFromManyTasksInterleave() async throws {
    let registry = try await RegistryParts.echo().open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<500 {
        group.addTask {
          let parameters: JSONValue = ["text": .string("\(number),"), "times": .integer(Int64(number % 9 + 1))]
          let expected = String(repeating: "\(number),", count: number % 9 + 1)
          let reason = try await registry.reason("echo", parameters)
          #expect(reason == expected)
        }
      }
      try await group.waitForAll()
    }
    #expect(registry.counters.starts == 1 && registry.counters.strayFrames == 0)
  }

  @Test func hostServicesReachTheCallTheyBelongTo() async throws {
    let registry = try await RegistryParts.echo().open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          let reason = try await registry.reason("ask_host", ["path": "f"], services: NumberedFile(number: number))
          #expect(reason == "file of call \(number)")
        }
      }
      try await group.waitForAll()
    }
    #expect(try await registry.failure("ask_host", ["path": "f"]).code == .unsupported)
  }

  @Test func blockingPluginHasAsManyThreadsAsItsDescriptorSays() async throws {
    let registry = try await (RegistryParts(["c.so": IsolatedParts.plugin("c_lines_at_most")])).open()
    let gauge = Gauge()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<40 {
        group.addTask {
          let reason = try await registry.reason("lines_at_most", ["path": "a"], services: gauge)
          #expect(reason == "2 lines, at most 100 allowed")
        }
      }
      try await group.waitForAll()
    }
    #expect(gauge.most > 1 && gauge.most <= 4)
  }

  @Test func waitingCallIsWithdrawnAtItsDeadline() async throws {
    let registry = try await (RegistryParts(["c.so": IsolatedParts.plugin("c_lines_at_most")])).open()
    let gate = Gate()
    async let blocked = withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<4 { group.addTask { try await registry.reason("lines_at_most", ["path": "a"], services: gate) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    try await eventually { gate.waiting == 4 }
    let error = try await registry.failure("lines_at_most", ["path": "a"], budget: .milliseconds(20))
    #expect(error.code == .deadline && error.message.contains("before one of the plugin's threads was free"))
    gate.open()
    #expect(try await blocked.count == 4)
    #expect(registry.counters.abandoned == 0)
  }

  @Test func callOfTheHostWithoutParentIsDenied() async throws {
    let lines = Locked<[PluginLogLine]>([])
    let file = try IsolatedParts.library("orphan", source: orphan)
    let options = PluginOptions(log: { line in lines.withLock { $0.append(line) } })
    for home in PluginHome.allCases {
      var options = options
      options.homes = ["orphan": home]
      let registry = try await (RegistryParts(["orphan.so": file])).open(options)
      let reason = try await registry.reason("orphan", services: TwoLines())
      #expect(reason.contains("denied") && reason.contains("name the host's call as `parent`"))
      await registry.shutdown()
    }
    try await eventually { lines.withLock { $0.count } == 2 }
    #expect(lines.withLock { $0.map(\.message) } == ["heard", "heard"])
  }

  @Test func builtinWithoutItsEntryPointCannotBeLoaded() async throws {
    let plugin = LoadedPlugin(
      descriptor: PluginDescriptor(name: "p", version: "1.0.0", types: []),
      file: try BrokenPlugin.file("no_symbol"), digest: "", home: .inProcess, isBuiltin: true,
      permissions: PluginPermissions(),
      settings: try SettingValues(
        PluginDescriptor(name: "p", version: "1.0.0", types: []), record: PluginRecord(name: "p"),
        options: PluginOptions()), identity: try FileReader(BrokenPlugin.file("no_symbol")).identity)
    for (kind, sentence) in [
      ("no_symbol", "has no symbol `keystone_plugin_1`"), ("no_table", "does not work with version 1"),
      ("old_table", "answered with a table of version 9"), ("not_elf", "is not a shared library"),
    ] {
      var plugin = plugin
      plugin.file = try BrokenPlugin.file(kind)
      plugin.identity = try FileReader(plugin.file).identity
      let message = await loadFailure(plugin)
      #expect(message.contains(sentence), "\(message)")
    }
  }

  private func loadFailure(_ plugin: LoadedPlugin) async -> String {
    do {
      _ = try await InProcessPlugin.load(plugin) { call in call.body }
      return "it was loaded"
    } catch {
      return PluginError(error).message
    }
  }

  /// Logs and reads, both on behalf of no call, and answers with what it was told.
  private let orphan = """
    #include "keystone_plugin_easy.h"
    static void evaluate(ks_request *request) {
      char *error = NULL, *body = ks_json_write(KS_JSON({"level": "info", "message": "heard", "values": {}}));
      ks_call_host(NULL, "keystone.host/1.log", body, &error);
      free(error), free(body), error = NULL;
      ks_call_host(NULL, "keystone.host/1.read", "{}", &error);
      ks_answer(request, ks_json_write(KS_JSON({"score": 1, "passed": true, "reason": %s}), error));
      free(error);
    }
    static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};
    KS_PLUGIN(methods, KS_JSON({"name": "orphan", "version": "1.0.0", "abi": 1,
      "types": [{"point": "invariant", "type": "orphan", "description": "d"}]}))
    """
}

/// A host whose file says which call it belongs to.
private struct NumberedFile: HostServiceHandler {
  var number: Int

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    let output = call.output(1)
    try await output.write(Array("file of call \(number)".utf8))
    output.end()
    return Array("{}".utf8)
  }
}

/// A host that counts how many ask it at a time.
private final class Gauge: HostServiceHandler {
  private let counts = Locked((now: 0, most: 0))

  var most: Int { counts.withLock { $0.most } }

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    counts.withLock { counts in
      counts.now += 1
      counts.most = max(counts.most, counts.now)
    }
    for _ in 0..<20 { await Task.yield() }
    defer { counts.withLock { $0.now -= 1 } }
    return try await TwoLines().serve(service, call)
  }
}

/// A host that answers when it is opened.
private final class Gate: HostServiceHandler {
  private let state = Locked((isOpen: false, waiters: [CheckedContinuation<Void, Never>]()))

  var waiting: Int { state.withLock { $0.waiters.count } }

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
    return try await TwoLines().serve(service, call)
  }
}
