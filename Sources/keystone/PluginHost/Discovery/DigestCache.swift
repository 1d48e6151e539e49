import Glibc
import KeystoneKit

/// The digests of files that have not changed since they were taken, so that a start does not read them again.
struct DigestCache {
  private struct Entry: Codable {
    var identity: String
    var sha256: String
  }

  private static let fileName = "digests.json"
  private let folder: PrivateFolder
  private let old: [String: Entry]
  private var new: [String: Entry] = [:]
  private var isChanged = false

  init(_ folder: PrivateFolder) {
    self.folder = folder
    let value = (try? folder.read(Self.fileName)).flatMap { $0 }.flatMap { try? JSONValue(parsing: $0) }
    old = value.flatMap { try? JSONValueDecoder().decode([String: Entry].self, from: $0) } ?? [:]
  }

  /// The SHA-256 of the regular file at `path`, and what the file was like then.
  mutating func digest(of path: String, followsLinks: Bool) throws(FileFailure) -> (String, FileIdentity) {
    let file = try FileReader(path, followsLinks: followsLinks)
    let identity = file.identity
    if let known = old[path], known.identity == identity.text {
      new[path] = known
      return (known.sha256, identity)
    }
    let digest = try file.digest()
    // A file may change twice within one tick of its clock: what has just been written is read again next time.
    if Self.secondsSince(identity.changed) > 2 {
      new[path] = Entry(identity: identity.text, sha256: digest)
      isChanged = true
    }
    return (digest, identity)
  }

  /// Keeps what was asked for in this run; without a writable folder the next start reads the files again.
  func save() {
    guard isChanged || new.count != old.count else { return }
    guard let bytes = try? JSONValueEncoder().encode(new).bytes else { return }
    try? folder.create()
    try? folder.write(bytes, to: Self.fileName)
  }

  private static func secondsSince(_ nanoseconds: Int64) -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) - nanoseconds / 1_000_000_000
  }
}
