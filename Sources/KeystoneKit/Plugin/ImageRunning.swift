/// A sandbox beside which the program of another image can run, on the sandbox's own network and in its workspace.
///
/// The host calls ``execute(_:image:streams:progress:)`` for an agent that is an image of its own (``ImageAgent``), in a sandbox
/// that was asked for with ``SandboxRequest/sharesWorkspace``. What runs there reaches what the sandbox reaches, by the same
/// gateway. Throw ``PluginError/Code/notFound`` with `image NAME not found` when there is no such image.
///
/// Without it the host refuses specs with such an agent. The acceptance test is `RuntimeConformance`.
public protocol ImageRunning: RuntimeSandbox {
  /// Runs a program of an image until it ends, as ``RuntimeSandbox/execute(_:streams:)`` does.
  ///
  /// - Parameters:
  ///   - command: What to run; without arguments what the image was made for.
  ///   - image: The image reference.
  ///   - streams: Its standard streams.
  ///   - progress: Is told how far a long step, such as a pull, is.
  /// - Returns: How it ended.
  /// - Throws: ``PluginError`` when it could not be started.
  func execute(
    _ command: Command, image: String, streams: CommandStreams, progress: @escaping @Sendable (String) -> Void
  ) async throws -> CommandStatus
}
