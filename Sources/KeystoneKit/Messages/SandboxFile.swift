/// A path in a sandbox: bytes, usually UTF-8.
///
/// Relative paths and those below `/workspace` name files of the workspace, other absolute paths files of the
/// sandbox's own file system. No link leads out of the root they are resolved beneath.
public struct SandboxPath: Sendable, Hashable {
  /// The path as the file system stores it.
  public var bytes: [UInt8]

  /// A path of arbitrary bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// A path of text.
  public init(_ text: String) { bytes = Array(text.utf8) }
}

extension SandboxPath: CustomStringConvertible, ExpressibleByStringLiteral {
  /// A path of text.
  public init(stringLiteral value: String) { self.init(value) }

  /// The path as text, with U+FFFD where it is not UTF-8.
  public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension SandboxPath: Codable {
  private enum CodingKeys: String, CodingKey { case bytes }

  /// Reads a string, or an object whose member `bytes` is base64.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self.init(text)
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let bytes = Base64.decode(try container.decode(String.self, forKey: .bytes)) else {
      throw DecodingError.dataCorruptedError(forKey: .bytes, in: container, debugDescription: "is not base64")
    }
    self.init(bytes: bytes)
  }

  /// Writes a string when the path is UTF-8.
  public func encode(to encoder: any Encoder) throws {
    if let text = String(validating: bytes, as: UTF8.self) {
      var container = encoder.singleValueContainer()
      try container.encode(text)
    } else {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(Base64.encode(bytes), forKey: .bytes)
    }
  }
}

/// Where a file is written to.
public enum FileArea: String, Codable, Sendable {
  /// The workspace and the sandbox's own file system, with the rights of the agent.
  case sandbox
  /// A folder that is read-only inside the sandbox, where only the host writes: `/run/keystone/protected`.
  case protected
}

/// What is known of a file without opening it.
public struct FileStatus: Codable, Sendable, Hashable {
  /// The kind of a file.
  public enum Kind: String, Codable, Sendable {
    case file, directory, symlink, other
  }

  /// Relative to the directory that was listed, or as it was asked for.
  public var path: SandboxPath
  /// What it is; a link is reported as such, not as what it points to.
  public var kind: Kind
  /// The size in bytes.
  public var size: UInt64
  /// The permission bits, such as 0o644.
  public var mode: UInt32
  /// The SHA-256 of the content in hexadecimal, where it was asked for.
  public var sha256: String?
  /// What a symbolic link points to.
  public var target: SandboxPath?

  /// A status.
  public init(
    path: SandboxPath, kind: Kind, size: UInt64, mode: UInt32, sha256: String? = nil, target: SandboxPath? = nil
  ) {
    self.path = path
    self.kind = kind
    self.size = size
    self.mode = mode
    self.sha256 = sha256
    self.target = target
  }
}

/// One difference between the workspace before the agent and after it.
public struct FileChange: Codable, Sendable, Hashable {
  /// What happened to the file.
  public enum Kind: String, Codable, Sendable {
    case added, modified, removed
  }

  /// Relative to the workspace.
  public var path: SandboxPath
  /// What happened to it.
  public var kind: Kind

  /// A change.
  public init(path: SandboxPath, kind: Kind) {
    self.path = path
    self.kind = kind
  }
}
