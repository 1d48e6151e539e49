import KeystoneKit
import SandboxHelper

/// Another image's program beside the sandbox: a container in the network namespace of the sandbox's own, with its
/// workspace.
private struct Companion: HelperCommands {
  let connection: HelperConnection
  let variables: SandboxVariables
}

extension ContainerSandbox: ImageRunning {
  func execute(
    _ command: Command, image: String, streams: CommandStreams, progress: @escaping @Sendable (String) -> Void
  ) async throws -> CommandStatus {
    let configuration = try await engine.configuration(of: image, progress: progress)
    var companion = plan
    companion.name = "\(plan.name)-companion"
    companion.image = image
    companion.folder = ContainerFolder(path: "\(plan.folder.path)/companion")
    companion.user = configuration.user.isEmpty ? nil : configuration.user
    companion.attachment = nil
    companion.companion = container.id
    // The image's own user may be nobody that the sandbox knows.
    if !configuration.user.isEmpty {
      _ = try await perform(Command(["/bin/chmod", "1777", "/workspace"]), streams: CommandStreams())
    }
    let running = try await ContainerStart(engine: engine, plan: companion).run()
    let watch = LimitWatch(engine, running, plan.limits)
    var command = command
    if command.arguments.isEmpty { command.arguments = configuration.arguments }
    let variables = SandboxVariables(image: configuration.environment, requested: self.variables.requested)
    do {
      var status = try await Companion(connection: running.connection, variables: variables)
        .perform(command, streams: streams)
      if status.mayBeOverLimit { status.limit = await watch.exceeded }
      await end(running, watch)
      return status
    } catch {
      await end(running, watch)
      throw error
    }
  }

  private func end(_ companion: RunningContainer, _ watch: LimitWatch) async {
    watch.stop()
    companion.connection.close()
    await engine.removeContainer(companion.id)
  }
}
