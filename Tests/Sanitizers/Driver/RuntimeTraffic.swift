import KeystoneKit
import KeystonePluginHost

/// One sandbox of a runtime: files, commands and listings, several at a time, then its end.
struct RuntimeTraffic: Sendable {
  let registry: PluginRegistry
  let type: String
  let id: String
  let folder: String

  func run(_ tally: Tally) async throws {
    let request = SandboxRequest(
      id: id, instance: "driver", folder: "\(folder)/sandboxes/\(id)", base: "", environment: ["A": "1"])
    _ = try await call("create", SandboxCall(type: type, request: request))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<6 {
        group.addTask {
          try await writeAndRead(SandboxPath("folder/file \(number)"), size: number * 50_001)
          try await copyThroughProgram(size: number * 60_000)
          try await interruptProgram()
          tally.count("in a sandbox")
        }
      }
      try await group.waitForAll()
    }
    let listing = try await received(1, "hash", SandboxCall(type: type, sandbox: id, path: "."))
    try Unexpected.check(listing.count { $0 == UInt8(ascii: "\n") } >= 6, "\(type): the listing is too short")
    _ = try await call("remove", SandboxCall(type: type, sandbox: id, path: "folder"))
    _ = try await call("kill_all", SandboxCall(type: type, sandbox: id))
    _ = try await call("destroy", SandboxCall(type: type, sandbox: id))
  }

  private func writeAndRead(_ path: SandboxPath, size: Int) async throws {
    let content = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
    let writing = try await begin("write", SandboxCall(type: type, sandbox: id, path: path, mode: 0o644))
    let output = writing.output(0)
    try await output.write(content)
    output.end()
    _ = try await writing.result()
    let read = try await received(1, "read", SandboxCall(type: type, sandbox: id, path: path))
    try Unexpected.check(read == content, "\(type): \(path) is not what was written")
    _ = try await call("stat", SandboxCall(type: type, sandbox: id, path: path))
  }

  private func copyThroughProgram(size: Int) async throws {
    let command = Command(["/bin/cat"], hasInput: true)
    let running = try await begin("exec", SandboxCall(type: type, sandbox: id, command: command))
    async let errors = running.input(2).reduce(0) { $0 + $1.count }
    async let copied = running.input(1).reduce(0) { $0 + $1.count }
    let output = running.output(0)
    try await output.write([UInt8](repeating: 1, count: size))
    output.end()
    let (count, _) = try await (copied, errors)
    try Unexpected.check(count == size, "\(type): \(count) of \(size) bytes came back")
    _ = try await running.result()
  }

  /// A program whose input never ends, cancelled at any moment.
  private func interruptProgram() async throws {
    let command = Command(["/bin/cat"], hasInput: true)
    let running = try await begin("exec", SandboxCall(type: type, sandbox: id, command: command))
    let reader = Task { for try await _ in running.input(1) {} }
    try await running.output(0).write([1, 2, 3])
    try await Task.sleep(for: .microseconds(Int.random(in: 0...3000)))
    running.cancel()
    if let _ = try? await running.result() { return }
    _ = try? await reader.value
  }

  private func received(_ channel: UInt32, _ operation: String, _ request: SandboxCall) async throws -> [UInt8] {
    let running = try await begin(operation, request)
    var bytes: [UInt8] = []
    for try await frame in running.input(channel) { bytes += frame }
    _ = try await running.result()
    return bytes
  }

  private func begin(_ operation: String, _ request: SandboxCall) async throws -> PluginCall {
    guard let installed = registry.type(.runtime, type) else {
      throw Unexpected(description: "there is no runtime \(type)")
    }
    let body = try JSONValueEncoder().encode(request).bytes
    return try await registry.begin(installed, operation, body, services: FakeHost())
  }

  private func call(_ operation: String, _ request: SandboxCall) async throws -> [UInt8] {
    try await begin(operation, request).result()
  }
}
