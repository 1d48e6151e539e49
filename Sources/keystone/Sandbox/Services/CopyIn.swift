import Glibc
import KeystoneKit
import KeystonePluginHost

extension SandboxServices {
  /// Copies a file or folder beside the spec into the sandbox, where the caller's own files may be used.
  func copyIn(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard let source = request.from?.description, let target = request.path else {
      throw PluginError(.invalid, "copy_in needs a `from` and a `path`")
    }
    guard sandbox.plan.scenario.allowsLocalFiles, let folder = sandbox.plan.specFolder else {
      throw PluginError(
        .denied,
        "files of the caller's machine may be copied in `keystone eval run` only; put \(source) into the workspace")
    }
    let entries = try await onPool { try LocalFiles(folder: folder).entries(source) }
    try await self.place(entries, at: try await place(of: source, entries, at: target))
    return JSONValue.object([:]).bytes
  }

  /// Copies what was found on the host to a place in the sandbox.
  func place(_ entries: [LocalFiles.Entry], at place: SandboxPath) async throws {
    for entry in entries {
      var path = place
      if !entry.relative.isEmpty { path.bytes += [UInt8(ascii: "/")] + Array(entry.relative.utf8) }
      switch entry.kind {
      case .file: try await copy(entry, to: path)
      case .directory: try await shell(["mkdir", "-p", "--", path.description])
      default: try await copyLink(entry, to: path)
      }
    }
  }

  /// Where the copy goes: a single file goes into a target that is a folder, under its own name.
  private func place(
    of source: String, _ entries: [LocalFiles.Entry], at target: SandboxPath
  ) async throws -> SandboxPath {
    guard entries.first?.kind != .directory, let name = source.split(separator: "/").last else { return target }
    let isFolder = target.bytes.last == UInt8(ascii: "/") || target.description == "."
    let status = try? await sandbox.call("stat", SandboxCall(path: target), as: FileStatus.self)
    guard isFolder || status?.kind == .directory else { return target }
    return SandboxPath(bytes: target.bytes + [UInt8(ascii: "/")] + Array(name.utf8))
  }

  private func copy(_ entry: LocalFiles.Entry, to path: SandboxPath) async throws {
    let file = try await onPool { try LocalFile(entry.path) }
    let writing = try await sandbox.begin("write", SandboxCall(path: path, mode: entry.mode))
    let output = writing.output(0)
    while case let bytes = try await onPool({ try file.read() }), !bytes.isEmpty {
      do { try await output.write(bytes) } catch let error as PluginError where error.code == .unavailable { break }
    }
    output.end()
    _ = try await writing.result()
  }

  private func copyLink(_ entry: LocalFiles.Entry, to path: SandboxPath) async throws {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard readlink(entry.path, &buffer, buffer.count - 1) > 0 else { return }
    let target = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    try await shell(["ln", "-sfn", "--", target, path.description])
  }

  private func shell(_ arguments: [String]) async throws {
    let (status, text) = try await sandbox.run(Command(arguments), phase: phase, budget: .seconds(30))
    guard status.isSuccess else {
      throw PluginError(.unavailable, "\(arguments.joined(separator: " ")) failed in the sandbox: \(text)")
    }
  }
}

/// Threads for the host's own blocking work on files.
private let files = WorkerPool(limit: 8)

/// Runs blocking work off the cooperative pool.
func onPool<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    files.run { continuation.resume(with: Result { try body() }) }
  }
}
