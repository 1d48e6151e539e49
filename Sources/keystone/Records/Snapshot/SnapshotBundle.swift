internal import Glibc
internal import KeystoneKit

/// Checks a snapshot's bundle, a gzip tarball, and unpacks it into a folder where it can do no harm.
///
/// Names are relative and have no part `..`; links are symbolic and stay inside; there are no devices, pipes or hard
/// links; the size and the number of files are bounded. A bundle that breaks a rule is refused as a whole.
public final class SnapshotBundle {
  /// What a bundle may be.
  public struct Limits: Sendable {
    /// The most bytes of all files together.
    public var bytes = 1 << 30
    /// The most files, folders and links.
    public var entries = 50_000

    /// The usual limits.
    public init() {}
  }

  private let folder: String
  private let limits: Limits
  private let gunzip = Gunzip()
  private var tar = TarReader()
  private var bytes = 0
  private var entries = 0
  private var links: [(path: String, target: String)] = []
  private var file: Int32 = -1
  private var left = 0

  /// A bundle that is unpacked into `folder`, which must be new and empty.
  public init(into folder: String, limits: Limits = Limits()) {
    self.folder = folder
    self.limits = limits
  }

  deinit { if file >= 0 { close(file) } }

  /// Takes the next piece of the bundle.
  ///
  /// - Throws: ``InvalidRecord`` that says what is wrong with it.
  public func add(_ piece: ArraySlice<UInt8>) throws {
    try gunzip.add(piece) { bytes in
      if self.tar.isFinished { return }
      try self.tar.add(bytes) { event in
        switch event {
        case .entry(let entry): try self.begin(entry)
        case .content(let content): try self.write(content)
        }
      }
    }
  }

  /// Ends the bundle: everything is there, and the links are made.
  ///
  /// Links come last, so that no file is ever written through one.
  ///
  /// - Throws: ``InvalidRecord`` when the end is missing, or nothing is in it.
  public func finish() throws {
    guard gunzip.isFinished, left == 0 else {
      throw InvalidRecord("the bundle ends too early; send a whole gzip tarball")
    }
    guard entries > 0 else { throw InvalidRecord("the bundle is empty; send a gzip tarball with the agent's files") }
    try closeFile()
    for link in links { try make(link) }
  }

  private func begin(_ entry: TarEntry) throws {
    try closeFile()
    entries += 1
    guard entries <= limits.entries else {
      throw InvalidRecord("the bundle holds more than \(limits.entries) files; leave out what the agent does not need")
    }
    bytes += entry.size
    guard bytes <= limits.bytes else {
      throw InvalidRecord("the bundle unpacks to more than \(limits.bytes) bytes; leave out what is not needed")
    }
    let parts = try Self.parts(of: entry.name)
    switch entry.kind {
    case .directory: try makeFolders(parts[...])
    case .file:
      guard !parts.isEmpty else { throw InvalidRecord("the bundle holds a file without a name") }
      try makeFolders(parts.dropLast())
      try openFile(parts, mode: entry.mode, size: entry.size)
    case .symbolicLink:
      guard !parts.isEmpty else { throw InvalidRecord("the bundle holds a link without a name") }
      try Self.checkLink(entry, parts)
      try makeFolders(parts.dropLast())
      links.append((parts.joined(separator: "/"), entry.link))
    case .hardLink, .other:
      throw InvalidRecord("the bundle holds `\(entry.name)`, which is no file, folder or symbolic link; leave it out")
    }
  }

  /// The parts of a name.
  static func parts(of name: String) throws -> [String] {
    guard !name.hasPrefix("/"), !name.utf8.contains(0) else {
      throw InvalidRecord("the bundle holds the absolute name `\(name)`; pack relative names")
    }
    let parts = name.split(separator: "/").map(String.init).filter { $0 != "." }
    guard !parts.contains("..") else { throw InvalidRecord("the bundle holds the name `\(name)` with a part `..`") }
    guard parts.allSatisfy({ $0.utf8.count <= 255 }), parts.count <= 100 else {
      throw InvalidRecord("the bundle holds a name that is too long: `\(name.prefix(80))…`")
    }
    return parts
  }

  /// A link may point anywhere inside, as the text says it, whatever other links there are.
  private static func checkLink(_ entry: TarEntry, _ parts: [String]) throws {
    var depth = parts.count - 1
    let target = entry.link.split(separator: "/")
    for part in target where part != "." {
      depth += part == ".." ? -1 : 1
      // Down and up again through another link may lead out, so `..` comes first or not at all.
      if depth < 0 { break }
    }
    let body = target.drop { $0 == ".." || $0 == "." }
    guard !entry.link.isEmpty, !entry.link.hasPrefix("/"), depth >= 0, !body.contains("..") else {
      throw InvalidRecord("the bundle holds the link `\(entry.name)` to `\(entry.link)`, which leads out of it")
    }
  }

  // MARK: - Writing; the folder is new and holds no links until the end.

  private func makeFolders(_ parts: ArraySlice<String>) throws {
    var path = folder
    for part in parts {
      path += "/" + part
      if mkdir(path, 0o755) != 0, errno != EEXIST { throw failure("cannot make a folder") }
    }
  }

  private func openFile(_ parts: [String], mode: UInt32, size: Int) throws {
    let path = folder + "/" + parts.joined(separator: "/")
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else {
      throw InvalidRecord("the bundle holds `\(parts.joined(separator: "/"))` as a folder and as a file")
    }
    left = size
    fchmod(file, mode & 0o111 != 0 ? 0o755 : 0o644)
  }

  private func write(_ content: ArraySlice<UInt8>) throws {
    guard file >= 0 else { return }
    left -= content.count
    try content.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let count = Glibc.write(file, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure("cannot write a file") }
        offset += count
      }
    }
  }

  private func closeFile() throws {
    guard file >= 0 else { return }
    defer { file = -1 }
    guard close(file) == 0 else { throw failure("cannot write a file") }
  }

  private func make(_ link: (path: String, target: String)) throws {
    guard symlink(link.target, folder + "/" + link.path) == 0 else {
      throw InvalidRecord("the bundle holds `\(link.path)` twice")
    }
  }

  private func failure(_ text: String) -> PluginError {
    PluginError(.exhausted, "\(text) of the snapshot: \(String(cString: strerror(errno)))")
  }
}
