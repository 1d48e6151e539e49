import KeystoneKit

/// What a judge is shown, as `input_from` says.
enum JudgeMaterial {
  /// The text to judge.
  case text(String)
  /// Why there is none, which is the agent's fault.
  case missing(String)

  private static let mostFiles = 50
  private static let largestFile = 16 << 20

  /// Reads what `source` names.
  init(from source: String, in context: CheckContext) async throws {
    switch source {
    case "agent_output", "stdout": self = .text(context.agent?.output ?? "")
    case "workspace": self = .text(try await Self.changes(in: context.sandbox))
    default: self = try await Self.file(source, in: context)
    }
  }

  private static func file(_ path: String, in context: CheckContext) async throws -> JudgeMaterial {
    if let recording = Recording(path) { return try await recording.material(in: context) }
    do {
      let bytes = try await context.sandbox.read(SandboxPath(path), limit: largestFile)
      return .text(String(decoding: bytes, as: UTF8.self))
    } catch let error as PluginError where error.code == .notFound {
      return .missing("\(path) does not exist, so there is nothing to judge")
    } catch let error as PluginError where [.denied, .invalid, .exhausted].contains(error.code) {
      return .missing(error.message)
    }
  }

  /// What the agent changed: a list first, then the new content of each file as far as there is room.
  private static func changes(in sandbox: Sandbox) async throws -> String {
    let changes = try await sandbox.changes()
    guard !changes.isEmpty else { return "The agent changed no file." }
    var text = changes.prefix(200).map { "\($0.kind.rawValue) \($0.path)" }.joined(separator: "\n")
    if changes.count > 200 { text += "\n… and \(changes.count - 200) more" }
    for change in changes.filter({ $0.kind != .removed }).prefix(mostFiles) {
      guard let bytes = try? await sandbox.read(change.path, limit: 1 << 20), !bytes.contains(0) else { continue }
      text += "\n\n--- \(change.path) ---\n" + JudgePrompt.cut(String(decoding: bytes, as: UTF8.self), to: 2_000)
    }
    return text
  }
}
