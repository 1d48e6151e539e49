import KeystoneKit
import KeystonePluginHost

extension SandboxServices {
  /// Passes a file operation to the runtime, with its stream.
  func relayFiles(_ operation: String, _ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    if request.area == .protected && type.descriptor.point != .invariant {
      throw PluginError(.denied, "only an invariant may write to the protected folder")
    }
    let runtime = try await sandbox.begin(operation, request)
    return try await withTaskCancellationHandler {
      switch operation {
      case "write": try await send(call.input(0), to: runtime.output(0))
      case "read", "list":
        let output = call.output(1)
        while let frame = try await runtime.input(1).next() { try await output.write(frame) }
        output.end()
      default: break
      }
      return try await runtime.result()
    } onCancel: {
      runtime.cancel()
    }
  }

  /// Sends a stream to the runtime; when the runtime ends early its answer says why.
  private func send(_ input: ChannelInput, to output: ChannelOutput) async throws {
    while let frame = try await input.next() {
      do {
        try await output.write(frame)
      } catch let error as PluginError where error.code == .unavailable {
        return
      }
    }
    output.end()
  }

  /// Copies a file or folder of the workspace to where only the host writes.
  func protect(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard type.descriptor.point == .invariant, let source = request.from, let name = request.path else {
      throw PluginError(.denied, "only an invariant may protect files, from a path under a name")
    }
    if let mode = request.mode {
      // A file in any case; one that is a link, as programs of a system often are, is read through.
      try await copy(source, to: name, mode: mode)
      return JSONValue.object([:]).bytes
    }
    let status = try await sandbox.call("stat", SandboxCall(path: source), as: FileStatus.self)
    if status.kind == .file {
      try await copy(source, to: name, mode: status.mode)
      return JSONValue.object([:]).bytes
    }
    guard status.kind == .directory else {
      throw PluginError(.invalid, "\(source) is neither a file nor a folder, so it cannot be protected")
    }
    for file in try await sandbox.hashed(source) where file.kind == .file {
      let slash = [UInt8(ascii: "/")]
      let from = SandboxPath(bytes: source.bytes + slash + file.path.bytes)
      try await copy(from, to: SandboxPath(bytes: name.bytes + slash + file.path.bytes), mode: file.mode)
    }
    return JSONValue.object([:]).bytes
  }

  private func copy(_ source: SandboxPath, to target: SandboxPath, mode: UInt32) async throws {
    let reading = try await sandbox.begin("read", SandboxCall(path: source))
    let writing = try await sandbox.begin("write", SandboxCall(path: target, area: .protected, mode: mode))
    try await send(reading.input(1), to: writing.output(0))
    _ = try await reading.result()
    _ = try await writing.result()
  }
}
