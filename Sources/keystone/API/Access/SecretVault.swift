internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import KeystoneKit
internal import KeystoneSandbox

/// Seals values with AES-256-GCM under a key that lies in a file of its own, never in the database.
package struct SecretVault: Sendable {
  private let key: SymmetricKey

  /// Opens the vault of a data folder; its key file is made when there is none.
  ///
  /// - Throws: ``PluginError`` when the file cannot be made or read, or is no key.
  package init(dataFolder: String) throws {
    let path = "\(dataFolder)/secrets.key"
    try ArtifactFolder.makeFolders(dataFolder)
    try Self.makeFile(path)
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw Self.failure("cannot be read", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw PluginError(.denied, "the key file \(path) can be read by others; make it yours alone with `chmod 600`")
    }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &bytes, bytes.count)
    guard count == 32 else {
      throw PluginError(.invalid, "the key file \(path) is damaged; put a backup of it in its place")
    }
    key = SymmetricKey(data: bytes[..<32])
  }

  /// Writes a new key under another name first, so that the file is whole or not there.
  private static func makeFile(_ path: String) throws {
    if access(path, F_OK) == 0 { return }
    let draft = "\(path).\(getpid())"
    let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure("cannot be made", path) }
    let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    let written = write(descriptor, bytes, bytes.count)
    let isDurable = written == bytes.count && fsync(descriptor) == 0
    close(descriptor)
    // A link, not a rename: whoever was first has made the key.
    if isDurable { _ = link(draft, path) }
    unlink(draft)
    guard isDurable, access(path, F_OK) == 0 else { throw failure("cannot be written", path) }
  }

  private static func failure(_ what: String, _ path: String) -> PluginError {
    PluginError(
      .unavailable, "the key file \(path) \(what): \(String(cString: strerror(errno))); check the data folder")
  }

  /// Seals bytes; `context` says what they are and must be the same when they are opened.
  package func seal(_ bytes: [UInt8], context: String) throws -> [UInt8] {
    let box = try AES.GCM.seal(Data(bytes), using: key, authenticating: Data(context.utf8))
    return box.combined.map { [UInt8]($0) } ?? []
  }

  /// Opens what ``seal(_:context:)`` made.
  ///
  /// - Throws: ``PluginError`` when it was changed, belongs elsewhere, or was sealed under another key.
  package func open(_ sealed: [UInt8], context: String) throws -> [UInt8] {
    do {
      return [UInt8](try AES.GCM.open(.init(combined: Data(sealed)), using: key, authenticating: Data(context.utf8)))
    } catch {
      throw PluginError(
        .denied, "a stored secret cannot be opened: the key file is another one than when it was stored; set it again")
    }
  }

  /// Seals values by name.
  package func seal(_ values: [String: String], context: String) throws -> [UInt8] {
    try seal(JSONValue.object(values.mapValues { .string($0) }).bytes, context: context)
  }

  /// Opens values by name.
  package func values(_ sealed: [UInt8], context: String) throws -> [String: String] {
    let value = try JSONValue(parsing: try open(sealed, context: context))
    return (value.object ?? [:]).compactMapValues(\.string)
  }
}
