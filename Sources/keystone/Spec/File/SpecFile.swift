import Glibc

/// A spec as it lies on disk.
public struct SpecFile: Sendable, Hashable {
  /// The largest file that is read: 4 MiB.
  public static let largest = YAMLLimits().bytes

  /// The path that it was read from.
  public let path: String
  /// Its contents.
  public let bytes: [UInt8]

  /// Reads a regular file without ever waiting for anybody.
  ///
  /// - Throws: A diagnostic when there is no such file, when it is a directory, FIFO, socket or device, when it may not
  ///   be read, or when it is larger than ``largest``.
  public static func read(_ path: String) throws(SpecDiagnostic) -> SpecFile {
    // Opening a device can have effects, so the kind is looked at before, and again on what was really opened.
    var info = stat()
    guard !path.utf8.contains(0) else { throw failure(path, ENOENT) }
    guard stat(path, &info) == 0 else { throw failure(path, errno) }
    try check(info, path)
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    guard fstat(descriptor, &info) == 0 else { throw failure(path, errno) }
    try check(info, path)
    return SpecFile(path: path, bytes: try contents(of: descriptor, expected: Int(info.st_size), path))
  }

  private static func check(_ info: stat, _ path: String) throws(SpecDiagnostic) {
    let kind: String
    switch info.st_mode & S_IFMT {
    case S_IFREG: kind = ""
    case S_IFDIR: kind = "a directory"
    case S_IFIFO: kind = "a FIFO"
    case S_IFSOCK: kind = "a socket"
    default: kind = "a device"
    }
    guard kind.isEmpty else {
      throw SpecDiagnostic(
        file: path, message: "this is \(kind), not a spec", expected: "a YAML file",
        suggestion: kind == "a directory" ? "name the file in it" : nil)
    }
    guard info.st_size <= largest else { throw tooLarge(path, "has \(info.st_size) bytes") }
  }

  private static func contents(
    of descriptor: Int32, expected: Int, _ path: String
  ) throws(SpecDiagnostic) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expected)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fill(descriptor, &buffer)
      if count == 0 { return bytes }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(path, errno) }
      bytes += buffer[..<count]
      guard bytes.count <= largest else { throw tooLarge(path, "grew while it was read") }
    }
  }

  private static func fill(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
  }

  private static func tooLarge(_ path: String, _ what: String) -> SpecDiagnostic {
    SpecDiagnostic(
      file: path, message: "the file \(what), more than a spec may have", expected: "at most \(largest) bytes",
      suggestion: "move large data into files that a fixture loads")
  }

  private static func failure(_ path: String, _ code: Int32) -> SpecDiagnostic {
    switch code {
    case ENOENT, ENOTDIR: SpecDiagnostic(file: path, message: "there is no such file", suggestion: "check the path")
    case EACCES, EPERM:
      SpecDiagnostic(file: path, message: "the file may not be read", suggestion: "check its permissions")
    default: SpecDiagnostic(file: path, message: "the file cannot be read: \(String(cString: strerror(code)))")
    }
  }
}
