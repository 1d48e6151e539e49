public import KeystoneFolder
public import KeystoneKit

/// A runtime whose sandboxes are folders and plain processes; it behaves as `RuntimeConformance` demands of every runtime.
public struct FakeRuntime: Runtime {
  /// The type's name.
  public static let type = "fake"
  /// What it is.
  public static let summary = "Runs sandboxes as folders and plain processes, for tests."

  /// The runtime.
  public init() {}

  /// Always healthy.
  public func health(in context: RuntimeContext) -> RuntimeHealth {
    RuntimeHealth(isHealthy: true, reason: "sandboxes are folders and plain processes")
  }

  /// Makes the folders.
  public func create(_ request: SandboxRequest, in context: RuntimeContext) throws -> FolderSandbox {
    try FolderSandbox(request, runtime: Self.type)
  }

  /// Finds folders that say that they are sandboxes.
  public func list(in folder: String, context: RuntimeContext) -> [ExistingSandbox] {
    FolderSandbox.existing(in: folder)
  }

  /// Kills what runs there and removes the folder.
  public func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) {
    FolderSandbox.reap(sandbox, in: folder)
  }
}
