import KeystoneKit
import KeystonePluginHost

/// Serves what a scenario's plugins ask for, with real streams and no sandbox behind them.
struct FakeHost: HostServiceHandler {
  /// How many bytes each file has.
  var bytes = 100_000

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    switch service {
    case "exec", "agent_exec": return try await execute(call)
    case "read":
      let output = call.output(1)
      for sent in stride(from: 0, to: bytes, by: 30_000) {
        try await output.write([UInt8](repeating: UInt8(ascii: "\n"), count: min(30_000, bytes - sent)))
      }
      output.end()
    case "write": for try await _ in call.input(0) {}
    case "list":
      let output = call.output(1)
      for number in 0..<40 { try await output.write(try JSONLines.line(Self.file("file \(number)"))) }
      output.end()
    case "stat": return try JSONValueEncoder().encode(Self.file("file")).bytes
    case "task": return Array("{\"prompt\": \"do it\"}".utf8)
    default: break
    }
    return Array("{}".utf8)
  }

  /// A program that copies its stdin to its stdout.
  private func execute(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    let (output, errorOutput) = (call.output(1), call.output(2))
    if request.command?.hasInput == true {
      for try await frame in call.input(0) where request.command?.discardsOutput == false {
        try await output.write(frame)
      }
    }
    output.end()
    errorOutput.end()
    return try JSONValueEncoder().encode(CommandStatus(exitCode: 0)).bytes
  }

  private static func file(_ name: String) -> FileStatus {
    FileStatus(path: SandboxPath(name), kind: .file, size: 1, mode: 0o644)
  }
}
