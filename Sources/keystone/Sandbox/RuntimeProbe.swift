package import KeystoneKit
package import KeystonePluginHost

/// Finds out what a runtime really gives its sandboxes here, by building one and removing it.
package struct RuntimeProbe: Sendable {
  private let registry: PluginRegistry
  private let instance: InstanceLock
  private let folder: String

  /// A probe whose sandboxes lie below `folder` and belong to `instance`.
  package init(registry: PluginRegistry, instance: InstanceLock, folder: String) {
    self.registry = registry
    self.instance = instance
    self.folder = folder
  }

  /// What the sandbox `id` of `runtime` from the image `base` has, with limits on everything.
  ///
  /// Throws ``PluginError`` when none can be built.
  package func environment(
    of runtime: InstalledType, id: String, base: String
  ) async throws -> SandboxEnvironment {
    let attachments = try AttachmentListener(folder: folder, id: id)
    let limits = SandboxLimits(cpuMillis: 1000, memory: 256 << 20, disk: 256 << 20, processes: 64)
    let request = SandboxRequest(
      id: id, instance: instance.id, folder: "\(folder)/\(id)", base: base, limits: limits,
      attachment: attachments.path)
    let call = SandboxCall(type: runtime.descriptor.type, request: request)
    let answer = try await registry.call(
      runtime, "create", JSONValueEncoder().encode(call).bytes, budget: .seconds(60))
    let reply = try JSONValueDecoder().decode(CreateReply.self, from: JSONValue(parsing: answer))
    try attachments.accept()?.end()
    let destruction = SandboxCall(type: runtime.descriptor.type, sandbox: id, handle: reply.handle)
    _ = try await registry.call(
      runtime, "destroy", JSONValueEncoder().encode(destruction).bytes, budget: .seconds(30))
    return reply.environment
  }
}
