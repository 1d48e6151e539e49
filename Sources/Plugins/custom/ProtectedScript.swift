import KeystoneKit

/// A script where only the host writes, and how Python runs it.
struct ProtectedScript {
  /// The folder inside the sandbox.
  var folder: String
  /// The script's name in it.
  var script: String

  private static let system = "/usr/bin/python3"
  private static let python = "python3"

  /// The script is of no use when the folder is too large to be copied for each scenario.
  private static let mostFiles = 2_000
  private static let mostBytes: UInt64 = 64 << 20

  /// Copies Python, and what the parameters name; called before the agent starts.
  ///
  /// The copy of Python can be run but not read: what the agent left running has the judge's user, and could otherwise
  /// write into its output or memory.
  static func protect(_ parameters: Custom.Parameters, in context: CheckContext) async throws {
    do {
      _ = try await context.sandbox.protect(program: SandboxPath(Self.system), as: Self.python)
    } catch let error as PluginError where error.code == .notFound {
      throw PluginError(
        .notFound, "checks of type `custom` need \(system) in the sandbox; add Python to its base",
        detail: error.message)
    }
    let name = folderName(of: context.name)
    guard let script = parameters.script else {
      _ = try await context.sandbox.protect(Array((parameters.code ?? "").utf8), as: "\(name)/check.py")
      return
    }
    let (folder, file) = split(script)
    guard try await context.sandbox.status(of: SandboxPath(script))?.kind == .file else {
      throw PluginError(
        .notFound, "check \(context.name) names the script \(script), which is no regular file of the workspace")
    }
    try await checkSize(of: folder, beside: file, in: context)
    _ = try await context.sandbox.protect(SandboxPath(folder), as: name)
  }

  /// Where `protect` has put it.
  init(_ parameters: Custom.Parameters, in context: CheckContext) async throws {
    folder = try await context.sandbox.protectedPath(Self.folderName(of: context.name))
    script = parameters.script.map { Self.split($0).file } ?? "check.py"
  }

  /// Runs it with `document` on stdin.
  func run(_ document: [UInt8], in sandbox: Sandbox) async throws -> CommandOutput {
    let options = ["-I", "-B", "-X", "utf8", "-c", Self.bootstrap, folder, script]
    let command = Command([try await sandbox.protectedPath(Self.python)] + options, isPristine: true)
    return try await sandbox.run(command, input: ByteInput(document), keeping: 256 << 10, of: .last)
  }

  /// `-I` keeps the workspace, the user's site folder and PYTHON* variables away; the first imports are the
  /// system's own, because the folder joins the path only after them.
  private static let bootstrap = """
    import runpy, sys
    sys.executable = "/usr/bin/python3"
    folder, script = sys.argv[1:]
    sys.argv = [folder + "/" + script]
    sys.path.insert(0, folder)
    runpy.run_path(sys.argv[0], run_name="__main__")
    """

  private static func checkSize(of folder: String, beside file: String, in context: CheckContext) async throws {
    let files = try await context.sandbox.files(in: SandboxPath(folder), recursive: true)
    let bytes = files.reduce(0) { $0 + $1.size }
    guard files.count > mostFiles || bytes > mostBytes else { return }
    throw PluginError(
      .exhausted,
      """
      the folder \(folder) holds \(files.count) files of \(bytes >> 20) MiB beside the script \(file) of check \
      \(context.name), more than \(mostFiles) files or \(mostBytes >> 20) MiB; put the script in a folder of its own
      """)
  }

  private static func split(_ path: String) -> (folder: String, file: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }

  /// The check's name as a file name: two checks never share one.
  private static func folderName(of check: String) -> String {
    let characters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".utf8)
    return check.utf8.reduce(into: "custom-") { name, byte in
      name += characters.contains(byte) ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16)
    }
  }
}
