import Glibc
import KeystoneKit

/// A folder that new plugins are copied from, in which `example-name` and its like stand for the plugin's name.
struct PluginTemplate {
  let folder: String
  let sdk: String

  var exists: Bool { access("\(folder)/Makefile", F_OK) == 0 }

  /// The templates in a folder, such as `swift-invariant`.
  static func names(in folder: String) -> [String] { entries(of: folder).sorted() }

  /// Copies the template into a folder that does not exist yet.
  func copy(to target: String, named name: String) throws {
    guard mkdir(target, 0o755) == 0 else {
      throw PluginError(
        .invalid,
        "the folder \(target) cannot be made (\(String(cString: strerror(errno)))): choose another name or place")
    }
    try copyAll(from: folder, to: target, name)
  }

  private func copyAll(from source: String, to target: String, _ name: String) throws {
    for entry in Self.entries(of: source) {
      let (from, to) = ("\(source)/\(entry)", "\(target)/\(entry)")
      var status = stat()
      guard lstat(from, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        guard mkdir(to, 0o755) == 0 else { throw Self.failure(to) }
        try copyAll(from: from, to: to, name)
      } else {
        try write(filled(try read(from), name), to: to)
      }
    }
  }

  /// The text of a file with the plugin's name in place of the example's.
  private func filled(_ text: String, _ name: String) -> String {
    let words = name.split { $0 == "-" || $0 == "_" }
    let typeName = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    return text.replacing("@KEYSTONE_SDK@", with: sdk).replacing("example-name", with: name)
      .replacing("example_name", with: words.joined(separator: "_")).replacing("ExampleName", with: typeName)
  }

  private func read(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    Terminal.write(text, to: descriptor)
  }

  private static func failure(_ path: String) -> PluginError {
    PluginError(.unavailable, "\(path) cannot be copied: \(String(cString: strerror(errno)))")
  }

  private static func entries(of folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
