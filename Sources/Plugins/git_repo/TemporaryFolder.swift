import Glibc
import KeystoneKit
import Subprocess

/// A folder of the host that is there for one fixture only.
struct TemporaryFolder {
  let path: String

  /// Makes a folder in `parent`, or in the machine's folder for temporary files when that is empty.
  init(in parent: String) throws(PluginError) {
    let parent = parent.isEmpty ? "/tmp" : parent
    var template = Array("\(parent)/git_repo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw PluginError(.unavailable, "no folder can be made in \(parent): \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Runs `body` with the path and removes the folder afterwards, whatever happened.
  func use<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    do {
      let value = try await body(path)
      await remove()
      return value
    } catch {
      await remove()
      throw error
    }
  }

  /// Removes it in a task of its own, because the one that ends here may be cancelled.
  private func remove() async {
    await Task { [path] in
      _ = try? await Subprocess.run(.name("rm"), arguments: ["-rf", "--", path], output: .discarded)
    }.value
  }
}

/// Writes a new file that only its owner can read.
func write(_ text: String, to path: String) throws(PluginError) {
  let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  let bytes = Array(text.utf8)
  guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count, close(file) == 0 else {
    throw PluginError(.unavailable, "\(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
