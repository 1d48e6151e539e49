import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// What a plugin's misbehaviour costs in a home of its own.
@Suite struct RegistryHomeTests {
  private let isolated = PluginOptions(homes: ["test-echo": .isolated])

  @Test(arguments: [("trap", "Fatal error: the plugin trapped as it was told to"), ("exit", "exit status 7")])
  func deathIsOneErrorAndTheNextCallStartsAgain(how: String, sentence: String) async throws {
    let parts = try RegistryParts.echo()
    let registry = await parts.open(isolated)
    let first = try await registry.reason("misbehave", ["how": "tell"])
    let error = try await registry.failure("misbehave", ["how": .string(how)])
    #expect(error.code == .unavailable && error.message.contains(sentence), "\(error.message)")
    #expect(error.message.contains("test-echo 1.0.0 (\(parts.installation.builtinsFolder)/libTestPlugin_echo.so)"))
    let second = try await registry.reason("misbehave", ["how": "tell"])
    #expect(first != second)
    #expect(registry.counters.deaths == 1 && registry.counters.starts == 2)
    await registry.shutdown()
  }

  @Test func repeatedDeathsWaitLongerAndLongerAndThenFailAtOnce() async throws {
    let registry = try await RegistryParts.echo().open(isolated)
    var messages: [String] = []
    for _ in 0..<8 { messages.append(try await registry.failure("misbehave", ["how": "exit"]).message) }
    #expect(messages[0].contains("exit status 7"))
    #expect(messages.last?.contains("times in a row and is left alone for") == true)
    #expect(registry.counters.deaths < 8)
    await registry.shutdown()
  }

  @Test func hangPoisonsTheProcessAndTheOthersGoOn() async throws {
    let registry = try await RegistryParts.echo().open(isolated)
    let first = try await registry.reason("misbehave", ["how": "tell"])
    async let waiting = registry.reason("ask_host", ["path": "slow"], services: SlowFile())
    let error = try await registry.failure("misbehave", ["how": "hang"], budget: .milliseconds(100))
    #expect(error.code == .deadline && error.message.contains("test-echo 1.0.0"))
    let second = try await registry.reason("misbehave", ["how": "tell"])
    #expect(first != second)
    #expect(try await waiting == "late")
    #expect(registry.counters.abandoned == 1)
    try await eventually { registry.counters.deaths == 1 }
    await registry.shutdown()
  }

  @Test func afterShutdownEveryCallFails() async throws {
    let registry = try await RegistryParts.echo().open(isolated)
    _ = try await registry.reason("echo", ["text": "a"])
    await registry.shutdown()
    #expect(try await registry.failure("echo", ["text": "a"]).message.contains("the host is stopping"))
    #expect(registry.counters.deaths == 0)
  }

  @Test func firstCallsTogetherStartOneProcess() async throws {
    let registry = try await RegistryParts.echo().open(isolated)
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<50 { group.addTask { try await registry.reason("echo", ["text": .string("\(number)")]) } }
      let answers = try await group.reduce(into: Set<String>()) { $0.insert($1) }
      #expect(answers.count == 50)
    }
    #expect(registry.counters.starts == 1 && registry.counters.calls == 50)
    await registry.shutdown()
  }
}

/// A host whose files come late: after the hang of another call was noticed.
struct SlowFile: HostServiceHandler {
  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    try await Task.sleep(for: .seconds(3))
    let output = call.output(1)
    try await output.write(Array("late".utf8))
    output.end()
    return Array("{}".utf8)
  }
}
