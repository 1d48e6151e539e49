/// Which agent snapshot is meant: one by its id, or of a name the one with a version or a tag, else the newest.
public struct SnapshotReference: Codable, Sendable, Hashable {
  /// The id, such as `snap_0123456789abcdef`.
  public var id: String?
  /// The agent's name.
  public var name: String?
  /// The version.
  public var version: Int?
  /// The tag.
  public var tag: String?

  /// A reference.
  public init(id: String? = nil, name: String? = nil, version: Int? = nil, tag: String? = nil) {
    self.id = id
    self.name = name
    self.version = version
    self.tag = tag
  }
}

/// What is known of an agent snapshot.
public struct SnapshotManifest: Codable, Sendable, Hashable {
  /// The id.
  public var id: String
  /// The agent's name.
  public var name: String
  /// The version.
  public var version: Int
  /// `sha256:` and the digest of the bundle.
  public var digest: String
  /// The command that runs it, in exec form.
  public var entrypoint: [String]
  /// A hint for what it needs, such as `python3`.
  public var runtime: String?

  /// A manifest.
  public init(
    id: String, name: String, version: Int, digest: String, entrypoint: [String], runtime: String? = nil
  ) {
    self.id = id
    self.name = name
    self.version = version
    self.digest = digest
    self.entrypoint = entrypoint
    self.runtime = runtime
  }
}

/// Asks for an agent snapshot, and to put its files into a folder of the sandbox.
package struct SnapshotCall: Codable, Sendable {
  package var reference: SnapshotReference
  package var path: SandboxPath?

  package init(reference: SnapshotReference, path: SandboxPath? = nil) {
    self.reference = reference
    self.path = path
  }
}
