import Glibc
public import KeystoneKit

/// Answers with what it was given.
struct Echo: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("What to say.") var text: String
    @Parameter("How often; a number to decode.", range: 1...1000) var times = 1
    @Parameter("Words that belong to it.") var words: [String] = []
  }

  static let type = "echo"
  static let summary = "Answers with what it was given."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    .pass(parameters.times == 1 ? parameters.text : String(repeating: parameters.text, count: parameters.times))
  }
}

/// Answers with what the host's file holds.
struct AskHost: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("The file.") var path: String
  }

  static let type = "ask_host"
  static let summary = "Answers with what a file of the sandbox holds."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    .pass(String(decoding: try await context.sandbox.read(SandboxPath(parameters.path)), as: UTF8.self))
  }
}

/// Answers with the operator's settings and the plugin's folders.
struct Told: Invariant {
  static let type = "told"
  static let summary = "Answers with what the operator set."

  func evaluate(_ parameters: NoParameters, in context: CheckContext) async throws -> Score {
    let names = ["port", "ratio", "loud", "endpoint", "token", "note"]
    let settings = names.map { "\($0)=\(context.setting($0)?.text ?? "-")" }.joined(separator: " ")
    return .pass("\(settings) state=\(context.stateFolder) cache=\(context.cacheFolder)")
  }
}

/// Passes when the agent reported no more calls of tools than so many, and answers with their names.
struct ToolCallsAtMost: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("The largest number of calls.", range: 0...) var max: Int
  }

  static let type = "tool_calls_at_most"
  static let summary = "Passes when the agent reported no more calls of tools."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let calls = try await context.trace(["tool_call"]).filter { $0.phase != "start" }
    let names = calls.map { "\($0.tool ?? "?"):\($0.status ?? "?")" }.joined(separator: " ")
    return calls.count <= parameters.max ? .pass("called \(names)") : .fail("called \(names)")
  }
}

/// Does what a plugin must not do.
struct Misbehave: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("What to do: trap, exit, hang, or answer with the number of the process.") var how: String
  }

  static let type = "misbehave"
  static let summary = "Does what a plugin must not do."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    switch parameters.how {
    // What the tests of the plugin's home want: a trap of Swift's own.
    case "trap": fatalError("the plugin trapped as it was told to")
    case "exit": exit(7)
    case "hang": while true { sleep(60) }
    default: return .pass("\(getpid())")
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin(
    "test-echo", version: "1.0.0",
    settings: [
      Setting(
        name: "port", type: .integer, description: "A number.", default: 1, flag: "echo-port", environment: "ECHO_PORT"),
      Setting(name: "ratio", type: .number, description: "Another.", environment: "ECHO_RATIO"),
      Setting(name: "loud", type: .boolean, description: "Yes or no.", flag: "echo-loud"),
      Setting(name: "endpoint", type: .url, description: "A URL.", environment: "ECHO_ENDPOINT"),
      Setting(name: "token", description: "A secret.", environment: "ECHO_TOKEN", secret: true),
      Setting(name: "note", description: "Any text."),
    ], Echo.self, AskHost.self, Told.self, ToolCallsAtMost.self, Misbehave.self
  ).export(to: host)
}
