import KeystoneKit
import KeystonePluginHost
import KeystoneTestKit

/// A plugin in a process of its own, which is started again when it has died.
final class PluginProcess: Sendable {
  private let validator: PluginValidator
  private let descriptor: PluginDescriptor
  private let limits: [String: Int]
  private let process = Locked<IsolatedPlugin?>(nil)
  /// The plugin's own folder.
  let state: TemporaryFolder?

  init(
    _ validator: PluginValidator, _ descriptor: PluginDescriptor, state: TemporaryFolder? = nil,
    limits: [String: Int] = [:]
  ) {
    self.validator = validator
    self.descriptor = descriptor
    self.state = state ?? (try? TemporaryFolder())
    self.limits = limits
  }

  /// The plugin as the conformance suites reach it.
  var plugin: PluginUnderTest { PluginUnderTest { [self] in try await running().session } }

  /// The process, started and configured.
  func running() async throws -> IsolatedPlugin {
    if let running = process.withLock({ $0 }), running.session.isOpen { return running }
    guard let state else { throw PluginError(.unavailable, "no temporary folder can be made") }
    let started = try await validator.start(
      descriptor.permissions,
      concurrency: descriptor.capabilities.contains("returns-at-once") ? 0 : descriptor.concurrency,
      state: state, limits: limits)
    let settings = Dictionary(
      descriptor.settings.compactMap { setting in setting.default.map { (setting.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    let request = ConfigureRequest(settings: settings, stateFolder: state.path, cacheFolder: state.path)
    do {
      _ = try await started.session.call(
        "keystone.plugin/1.configure", try JSONValueEncoder().encode(request).bytes, budget: .seconds(10))
    } catch let error as PluginError where error.code == .unsupported {}
    let previous = process.withLock { process in
      defer { process = started }
      return process
    }
    await previous?.stop()
    return started
  }

  func stop() async {
    await process.withLock { process in
      defer { process = nil }
      return process
    }?.stop()
  }
}
