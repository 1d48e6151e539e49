internal import FoundationEssentials
internal import GRDB
internal import Glibc

/// The one file of the store: how it is told from others, opened and brought up to date.
struct StoreFile {
  let path: String

  /// `KEYS`, at byte 68 of the file, so that `file` and this program recognise a store.
  private static let applicationID: UInt32 = 0x4B45_5953
  private static let headerSize = 100

  /// Opens the file, and makes it first if there is none; blocks.
  func open() throws -> DatabasePool {
    try makeFolder()
    // Processes that open the same new file would race for its schema.
    let lock = try lockOpening()
    defer { close(lock) }
    let isNew = try inspect()
    do {
      let pool = try DatabasePool(path: path, configuration: configuration(isNew: isNew))
      // The pool has just chosen NORMAL, with which a power cut takes back commits that were acknowledged.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let migrator = StoreSchema.migrator
      if try pool.read(migrator.hasBeenSuperseded) {
        throw StoreFailure(
          .newer, "The store \(path) was written by a later version of Keystone; use that version or another file.")
      }
      try migrator.migrate(pool)
      return pool
    } catch {
      throw StoreFailure.translating(error, path: path)
    }
  }

  private func configuration(isNew: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.label = "keystone.store"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(30)
    configuration.prepareDatabase { database in
      // Before the journal is switched to WAL, so that the mark is in the file itself from its first byte.
      if isNew, !database.configuration.readonly {
        try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
      }
    }
    return configuration
  }

  private func makeFolder() throws {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: String(path[..<slash]), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StoreFailure(
        .unusable, "The folder of the store \(path) cannot be made; choose another place or make it yourself.",
        cause: "\(error)")
    }
  }

  private func lockOpening() throws -> Int32 {
    let descriptor = Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw systemFailure("The lock of the store \(path) cannot be made") }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        defer { close(descriptor) }
        throw systemFailure("The store \(path) cannot be locked")
      }
    }
    return descriptor
  }

  /// Whether the file is new; it is made readable for its owner only.
  ///
  /// A file of something else is left untouched.
  private func inspect() throws -> Bool {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw systemFailure("The store \(path) cannot be opened") }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: Self.headerSize)
    let count = read(descriptor, &header, header.count)
    guard count >= 0 else { throw systemFailure("The store \(path) cannot be read") }
    if count == 0 { return true }
    let mark = header[68..<72].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    guard header.starts(with: "SQLite format 3\0".utf8), mark == Self.applicationID else {
      throw StoreFailure(.unusable, "The file \(path) is not a store of Keystone; choose another place for the store.")
    }
    return false
  }

  private func systemFailure(_ text: String) -> StoreFailure {
    StoreFailure(.unusable, "\(text); check its folder and who owns it.", cause: String(cString: strerror(errno)))
  }
}
