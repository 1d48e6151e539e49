import Glibc
import KeystoneKit
import KeystonePluginHost
package import KeystoneSpec

/// What became of one entry of `teardown.export`.
package struct ExportResult: Sendable, Hashable {
  /// What was exported.
  package var kind: SpecExport.Kind
  /// Where it lies, relative to the run's artifact folder.
  package var to: String
  /// Why it does not; `nil` when it does.
  package var error: String?
}

extension LiveSandbox {
  /// Exports what `teardown.export` names of a sandbox that still exists: everything but the audit log, which goes on.
  func exportState() async {
    for export in plan.spec.teardown.export where export.kind != .auditLog {
      plan.progress(SandboxStep("teardown", export.kind.rawValue))
      await keep(export) { try await exportOne(export) }
    }
  }

  /// Exports the audit log of a sandbox that was destroyed.
  func exportAudit() async {
    for export in plan.spec.teardown.export where export.kind == .auditLog {
      let (source, folder) = (audit.path, ExportFolder(artifacts))
      await keep(export) { try await onPool { try folder.copy(source, to: export.to) } }
    }
  }

  private func keep(_ export: SpecExport, _ body: () async throws -> Void) async {
    var result = ExportResult(kind: export.kind, to: export.to, error: nil)
    do { try await body() } catch {
      result.error = redacted(PluginError(error).message)
      plan.log("warning", "`\(export.to)` of \(id) was not exported: \(result.error ?? "")", [:])
    }
    state.withLock { [result] in $0.exports.append(result) }
  }

  private func exportOne(_ export: SpecExport) async throws {
    switch export.kind {
    case .snapshot: try await exportSnapshot(to: export.to)
    case .mockRequests:
      let (text, folder) = (try mockRequests(of: export.service ?? "").pretty(), ExportFolder(artifacts))
      try await onPool { try folder.create(export.to, mode: 0o600).append(Array(text.utf8)) }
    case .dbDump: try await exportDump(of: export.service ?? "", to: export.to)
    case .auditLog:
      throw PluginError(.unsupported, "`\(export.kind.rawValue)` cannot be exported in this version; remove it")
    }
  }

  /// Has the database's own pg_dump write what it holds.
  private func exportDump(of service: String, to target: String) async throws {
    let name = try backingService(service).request.name
    let line = """
      command -v pg_dump >/dev/null || { echo 'it has no pg_dump: only PostgreSQL services can be dumped' >&2; exit 1; }
      PGPASSWORD="${POSTGRES_PASSWORD:-test}" exec pg_dump -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}"
      """
    let file = try ExportFolder(artifacts).create(target, mode: 0o600)
    let call = try await begin(
      "service_exec", SandboxCall(command: Command(["/bin/sh", "-c", line], timeout: .seconds(300)), service: name))
    async let words = Self.whole(of: call, channel: 2)
    try await copy(call.input(1), to: file)
    let (reason, answer) = (try await words, try await call.result())
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: answer))
    guard status.isSuccess else {
      let last = reason.split(separator: "\n").last.map { ": \($0)" } ?? ""
      throw PluginError(.unavailable, "pg_dump of the service \(name) \(status.ending)\(last)")
    }
  }

  /// Copies the workspace: folders and files first, links last, so that no link leads a file astray.
  private func exportSnapshot(to target: String) async throws {
    let folder = ExportFolder(artifacts)
    try folder.makeFolder(target)
    var links: [FileStatus] = []
    for entry in try await hashed("/workspace") {
      let path = entry.path.description
      guard String(validating: entry.path.bytes, as: UTF8.self) != nil else {
        throw PluginError(.unsupported, "the file \(path) has a name that is not UTF-8 and cannot be exported")
      }
      switch entry.kind {
      case .directory: try folder.makeFolder("\(target)/\(path)")
      case .file: try await copyOut(entry, to: try folder.create("\(target)/\(path)", mode: entry.mode))
      case .symlink: links.append(entry)
      case .other: continue
      }
    }
    for link in links { try folder.link("\(target)/\(link.path)", to: link.target?.description ?? "") }
  }

  /// Copies a file with secrets masked, as everywhere outside of the sandbox.
  private func copyOut(_ entry: FileStatus, to file: ArtifactFile) async throws {
    let path = SandboxPath(bytes: Array("/workspace/".utf8) + entry.path.bytes)
    let call = try await begin("read", SandboxCall(path: path))
    try await copy(call.input(1), to: file)
    _ = try await call.result()
  }

  /// Copies what comes, with secrets masked.
  private func copy(_ input: ChannelInput, to file: ArtifactFile) async throws {
    var stream = SecretStream(patterns)
    for try await frame in input {
      let (masked, _) = stream.take(frame)
      try await onPool { try file.append(masked) }
    }
    let (rest, _) = stream.finish()
    try await onPool { try file.append(rest) }
  }
}

/// Writes exports below a run's artifact folder; nothing that lies there already is overwritten.
struct ExportFolder: Sendable {
  private let root: ArtifactFolder

  init(_ root: ArtifactFolder) { self.root = root }

  func makeFolder(_ path: String) throws { try ArtifactFolder.makeFolders(trimmed(path)) }

  /// A new file for the owner, with its folders.
  func create(_ path: String, mode: UInt32) throws -> ArtifactFile {
    let file = trimmed(path)
    if let slash = file.lastIndex(of: "/") { try ArtifactFolder.makeFolders(String(file[..<slash])) }
    return try ArtifactFile(creating: file, mode: mode & 0o777 | 0o600)
  }

  func link(_ path: String, to target: String) throws {
    guard symlink(target, trimmed(path)) == 0 else {
      throw PluginError(.unavailable, "cannot make the link \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Copies a file of the host's own; one that does not exist is exported as an empty one.
  func copy(_ source: String, to path: String) throws {
    let target = try create(path, mode: 0o600)
    guard let file = try? LocalFile(source) else { return }
    while case let bytes = try file.read(), !bytes.isEmpty { try target.append(bytes) }
  }

  private func trimmed(_ path: String) -> String {
    var path = root.file(path)
    while path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
