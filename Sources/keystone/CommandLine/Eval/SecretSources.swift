import Glibc
import KeystoneKit
import KeystoneSpec

/// Resolves secrets on the caller's machine, which only a command line does.
enum SecretSources {
  /// The values that can be found; what cannot be found is missing and named when the sandbox boots.
  static func resolve(_ secrets: [SpecSecret], environment: [String: String]) async -> [String: String] {
    var values: [String: String] = [:]
    for secret in secrets {
      let value: String? =
        switch secret.origin {
        case .environment(let name): environment[name]
        case .file(let path): readFile(path, home: environment["HOME"])
        case .command(let line): await output(of: line)
        case .dashboard, .literal, .generated: nil
        }
      if let value, !value.isEmpty { values[secret.name] = value }
    }
    return values
  }

  private static func readFile(_ path: String, home: String?) -> String? {
    let path = path.hasPrefix("~/") ? (home ?? "") + path.dropFirst() : path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return trimmed(readAll(descriptor))
  }

  /// What a shell command prints, or `nil` when it fails; runs on a thread of its own because it waits.
  private static func output(of line: String) async -> String? {
    await withCheckedContinuation { continuation in
      startThread { continuation.resume(returning: runShell(line)) }
    }
  }

  private static func runShell(_ line: String) -> String? {
    guard let pipe = popen(line, "re") else { return nil }
    let bytes = readAll(fileno(pipe))
    return pclose(pipe) == 0 ? trimmed(bytes) : nil
  }

  /// At most 1 MiB: a secret is no file.
  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < 1 << 20 {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  private static func trimmed(_ bytes: [UInt8]) -> String {
    let blanks: Set<UInt8> = [32, 9, 10, 13]
    let start = bytes.firstIndex { !blanks.contains($0) } ?? bytes.endIndex
    let end = bytes.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? start
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}
