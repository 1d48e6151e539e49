import Glibc
import KeystoneKit
import KeystonePluginHost
import KeystoneTestKit

/// The part about the file itself, of which nothing is run.
struct FilePart {
  private let file: String
  private let bytes: [UInt8]?

  init(_ file: String) {
    self.file = file
    bytes = Self.read(file)
  }

  /// Whether it is worth to load it.
  var isLoadable: Bool {
    bytes.map { SharedLibraryHeader.problem(in: Array($0.prefix(SharedLibraryHeader.size))) == nil } ?? false
  }

  func report() async -> ConformanceReport {
    let (file, bytes) = (file, bytes)
    let library = bytes.flatMap(SharedLibrary.init)
    return await ConformanceReport.of(
      "file",
      [
        (
          "it is a shared library for this machine",
          {
            guard let bytes else { throw PluginError(.notFound, "\(file) is no file that can be read") }
            if let problem = SharedLibraryHeader.problem(in: Array(bytes.prefix(SharedLibraryHeader.size))) {
              throw PluginError(.invalid, "\(file) \(problem)")
            }
          }
        ),
        (
          "it exports keystone_plugin_1 and nothing else",
          {
            let exports = library?.exports ?? []
            guard exports.contains("keystone_plugin_1") else {
              throw PluginError(.invalid, "it does not export keystone_plugin_1: its source needs the export line")
            }
            let others = exports.filter { $0 != "keystone_plugin_1" && !Self.isLinkersOwn($0) }
            guard others.isEmpty else {
              throw PluginError(
                .invalid,
                "it also exports \(others.prefix(5).joined(separator: ", ")): hide all else with a version script")
            }
          }
        ),
        (
          "it carries its own Swift runtime, if it needs one",
          {
            let swift = (library?.needs ?? []).filter { $0.hasPrefix("libswift") || $0.hasPrefix("libFoundation") }
            guard swift.isEmpty else {
              throw PluginError(
                .invalid,
                "it needs \(swift.joined(separator: ", ")), and Swift's libraries differ between versions: link it with "
                  + "-static-stdlib, as the SDK's plugin.mk does")
            }
          }
        ),
      ])
  }

  /// What linkers add by themselves.
  private static func isLinkersOwn(_ name: String) -> Bool {
    ["_init", "_fini", "_edata", "_end", "__bss_start", "__dispatch_tsd"].contains(name)
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < 512 << 20 else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      done += count
    }
    return bytes
  }
}
