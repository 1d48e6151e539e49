import Glibc
import KeystoneKit

/// A folder that is removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
  /// Its path, without links.
  package let path: String

  /// Makes the folder below `$TMPDIR`, or `/tmp`.
  package init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/keystone-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw PluginError(.unavailable, "no temporary folder can be made in \(base): \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    if let listing = opendir(path) {
      while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard name != ".", name != ".." else { continue }
        var status = stat()
        let isFolder = lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isFolder { remove("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
      }
      closedir(listing)
    }
    rmdir(path)
  }
}
