/// A sandbox beside which the services of a spec can run: databases, caches, anything that has an image.
///
/// The host calls ``startService(_:progress:)`` for all services of a spec at once, after `create`, and leads the sandbox's
/// connections to what it answers: the sandbox itself must have no other way to a service. `destroy` ends the services.
/// Cancelling ends what has been started. Throw ``PluginError/Code/notFound`` with `image NAME not found` when there is no
/// such image, and ``PluginError/Code/unsupported`` when this runtime has no way to run it.
///
/// Without it the host refuses specs that name services of an image. The acceptance test is `RuntimeConformance`.
public protocol ServiceHosting: RuntimeSandbox {
  /// Starts a service; it need not answer yet when this returns.
  ///
  /// - Parameters:
  ///   - service: What to start.
  ///   - progress: Is told how far a long step, such as a pull, is.
  /// - Returns: Where the host reaches it.
  /// - Throws: ``PluginError`` that names the service and the step that failed.
  func startService(_ service: ServiceRequest, progress: @escaping @Sendable (String) -> Void) async throws
    -> ServiceEndpoint

  /// Runs a program inside a service, with the service's own variables; otherwise as ``RuntimeSandbox/execute(_:streams:)``.
  func execute(_ command: Command, inService name: String, streams: CommandStreams) async throws -> CommandStatus

  /// What became of a service.
  func serviceStatus(_ name: String) async throws -> ServiceStatus
}
