public import KeystoneKit

/// Uses every service of a sandbox, several at a time.
struct Busy: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("How many rounds.", range: 1...1000) var rounds = 1
    @Parameter("How many bytes go through each stream.") var bytes = 100_000
  }

  static let type = "busy"
  static let summary = "Uses every service of a sandbox, several at a time."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for round in 0..<parameters.rounds {
        group.addTask { try await filesAndCommands(round, bytes: parameters.bytes, context) }
      }
      return try await group.reduce(0, +)
    }
    context.progress("summed up")
    return .pass("\(sum)")
  }

  private func filesAndCommands(_ round: Int, bytes: Int, _ context: CheckContext) async throws -> Int {
    let sandbox = context.sandbox
    let content = [UInt8](repeating: UInt8(round & 255), count: bytes)
    context.log(.info, "round \(round)", ["bytes": .integer(Int64(bytes))])
    async let ran = sandbox.run(Command(["cat"]), input: ByteInput(content), keeping: bytes)
    async let read = sandbox.read("file")
    async let files = sandbox.files(recursive: true)
    try await sandbox.write("copy", content)
    try await context.recordUsage(Usage(model: "m", inputTokens: 1, outputTokens: 2))
    let status = try await sandbox.status(of: "file")
    return try await ran.output.count + read.count + files.count + (status == nil ? 0 : 1)
  }
}

/// Runs a program as the agent, with the task on its stdin.
struct Runner: Agent {
  static let type = "runner"
  static let summary = "Runs a program as the agent, with the task on its stdin."

  func run(_ parameters: NoParameters, in context: AgentContext) async throws -> AgentResult {
    let document = try await context.taskDocument()
    return try await context.runAgent(Command(["agent"]), input: document.bytes)
  }
}

/// Counts its calls without a lock: the race that a run under the thread sanitizer must report.
struct Racy: Invariant {
  static let type = "racy"
  static let summary = "Counts its calls without a lock."

  private nonisolated(unsafe) static var count = 0

  func evaluate(_ parameters: NoParameters, in context: CheckContext) async throws -> Score {
    for _ in 0..<100 {
      Self.count += 1
      await Task.yield()
    }
    return .pass("counted")
  }
}

/// Reads memory that was given back: what a run under the address sanitizer must report.
struct Careless: Invariant {
  static let type = "careless"
  static let summary = "Reads memory that was given back."

  func evaluate(_ parameters: NoParameters, in context: CheckContext) async throws -> Score {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
    bytes.initialize(repeating: 1, count: 16)
    bytes.deallocate()
    return .pass("\(bytes[3])")
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("traffic", version: "1.0.0", Busy.self, Runner.self, Racy.self, Careless.self, MemoryRuntime.self)
    .export(to: host)
}
