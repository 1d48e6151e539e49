internal import KeystoneKit

/// Paths of files as clients write them (http-api 4.5).
enum SandboxFilePath {
  private static let omitted: Set<String> = ["node_modules", ".git", "__pycache__", ".keystone"]

  /// The path in the sandbox: `x`, `/workspace/x` and `//workspace/x` name the same file, other absolute paths those of
  /// the sandbox's own file system.
  static func path(_ text: String) throws -> SandboxPath {
    guard !text.utf8.contains(0) else { throw APIError(.invalid, "A path cannot contain a NUL byte.") }
    let isAbsolute = text.hasPrefix("/")
    var parts = text.split(separator: "/").filter { $0 != "." }
    guard !parts.contains("..") else {
      throw APIError(.invalid, "The path `\(text)` has a segment `..`; name the file itself.")
    }
    let isWorkspace = isAbsolute && parts.first == "workspace"
    if isWorkspace { parts.removeFirst() }
    guard !parts.isEmpty else { throw APIError(.invalid, "The path `\(text)` names no file.") }
    return SandboxPath((isAbsolute && !isWorkspace ? "/" : "") + parts.joined(separator: "/"))
  }

  /// Whether the API's views of a workspace leave a path out.
  static func isOmitted(_ path: SandboxPath) -> Bool {
    path.description.split(separator: "/").contains { omitted.contains(String($0)) }
  }

  /// The mode as `ls -l` writes it, such as `-rw-r--r--`.
  static func text(ofMode mode: UInt32) -> String {
    let letters: [Character] = ["r", "w", "x"]
    return "-" + String((0..<9).map { bit in mode & (0o400 >> UInt32(bit)) == 0 ? "-" : letters[bit % 3] })
  }
}
