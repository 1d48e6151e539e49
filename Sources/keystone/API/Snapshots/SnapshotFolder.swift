internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords

/// Where the bundles of agent snapshots lie, each once, under its digest: `<digest>/bundle.tar.gz` and `<digest>/files`.
package struct SnapshotFolder: Sendable {
  private let path: String
  private let turn = SnapshotTurn()

  /// The folder at `path`, which is made when the first bundle comes.
  package init(_ path: String) { self.path = path }

  /// Puts a bundle and its record in their places, or takes them away: one after another, so that the last record of a
  /// bundle is not removed while another of the same bytes arrives.
  func change<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    await turn.take()
    defer { turn.give() }
    return try await body()
  }

  /// Removes uploads that were cut off by the end of a process, and bundles that no record names.
  package func tidy(isNamed: (String) async throws -> Bool) async throws {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      if name.hasPrefix(".upload-") { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
      if name.count == 64, try await !isNamed("sha256:\(name)") { remove(name) }
    }
  }

  /// Begins to take a bundle.
  func begin() throws -> SnapshotUpload {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return try SnapshotUpload(folder: path)
  }

  /// The unpacked files of a bundle.
  package func files(of digest: String) -> String { "\(path)/\(digest)/files" }

  /// Removes a bundle that nothing refers to any more.
  func remove(_ digest: String) {
    guard digest.count == 64, digest.allSatisfy(\.isHexDigit) else { return }
    try? FileManager.default.removeItem(atPath: "\(path)/\(digest)")
  }
}

/// A bundle that is being uploaded: written, hashed and unpacked piece by piece.
final class SnapshotUpload {
  /// The largest bundle.
  static let largest = 256 << 20

  private let parent: String
  private let temporary: String
  private let bundle: SnapshotBundle
  private var hash = SHA256()
  private var descriptor: Int32
  private(set) var size = 0

  init(folder: String) throws {
    parent = folder
    temporary = "\(folder)/.upload-\(Identifier.random(prefix: ""))"
    guard mkdir(temporary, 0o700) == 0, mkdir("\(temporary)/files", 0o755) == 0 else {
      throw PluginError(.exhausted, "the snapshot cannot be kept: \(String(cString: strerror(errno)))")
    }
    descriptor = open("\(temporary)/bundle.tar.gz", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    bundle = SnapshotBundle(into: "\(temporary)/files")
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    try? FileManager.default.removeItem(atPath: temporary)
  }

  /// Takes the next piece.
  func add(_ piece: ArraySlice<UInt8>) throws {
    size += piece.count
    guard size <= Self.largest else { throw APIRequest.tooLarge(Self.largest) }
    try bundle.add(piece)
    try piece.withUnsafeBytes { bytes in
      hash.update(bufferPointer: bytes)
      var offset = 0
      while offset < bytes.count {
        let count = write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          throw PluginError(.exhausted, "the snapshot cannot be kept: \(String(cString: strerror(errno)))")
        }
        offset += count
      }
    }
  }

  /// Puts the bundle in its place, on the disk, and answers its digest in hexadecimal digits.
  func finish() throws -> String {
    try bundle.finish()
    guard fsync(descriptor) == 0 else {
      throw PluginError(.exhausted, "the snapshot cannot be kept: \(String(cString: strerror(errno)))")
    }
    let digest = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    // A bundle that is there already is the same to the last byte.
    if rename(temporary, "\(parent)/\(digest)") != 0, errno != EEXIST, errno != ENOTEMPTY {
      throw PluginError(.exhausted, "the snapshot cannot be kept: \(String(cString: strerror(errno)))")
    }
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
    return digest
  }
}
