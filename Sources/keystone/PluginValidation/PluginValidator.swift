import Glibc
package import KeystoneKit
package import KeystonePluginHost
import KeystoneTestKit

/// Finds out whether a plugin's file does what its extension points demand, each part in a process of its own.
package struct PluginValidator: Sendable {
  let file: String
  let helper: String
  let samples: [String: JSONValue]
  let isUnconfined: Bool

  /// A validator.
  ///
  /// - Parameters:
  ///   - file: The plugin's shared library, as an absolute path.
  ///   - installation: Where `keystone-plugin-host` is.
  ///   - samples: Parameters that fit, by type; made from the type's schema where there are none.
  ///   - isUnconfined: Whether the plugin runs with all rights of this process.
  package init(
    file: String, installation: Installation, samples: [String: JSONValue] = [:], isUnconfined: Bool = false
  ) {
    self.file = file
    helper = installation.pluginHost
    self.samples = samples
    self.isUnconfined = isUnconfined
  }

  /// Runs every part.
  package func run() async -> ValidationReport {
    var report = ValidationReport(file: file)
    let library = FilePart(file)
    report.parts.append(await library.report())
    guard library.isLoadable else { return report }
    let (descriptor, described) = await describe()
    report.descriptor = descriptor
    report.parts.append(described)
    guard let descriptor else { return report }
    for type in descriptor.types {
      report.parts.append(await conformance(of: type, descriptor))
      if let part = await resources(of: type, descriptor) { report.parts.append(part) }
    }
    return report
  }

  // MARK: Parts

  private func describe() async -> (PluginDescriptor?, ConformanceReport) {
    let found = Locked<PluginDescriptor?>(nil)
    let report = await ConformanceReport.of(
      "descriptor",
      [
        (
          "it can be loaded and describes itself",
          {
            let descriptor = try await descriptor()
            found.withLock { $0 = descriptor }
          }
        ),
        (
          "it says the same when it is asked again",
          {
            guard let first = found.withLock({ $0 }) else {
              throw PluginError(.unavailable, "it did not describe itself")
            }
            let second = try await descriptor()
            guard first == second else { throw PluginError(.internal, "the second time it said something else") }
          }
        ),
        (
          "its permissions are absolute paths and names",
          {
            for path in found.withLock({ $0?.permissions.paths }) ?? [] where !path.hasPrefix("/") {
              throw PluginError(.invalid, "it asks for the path `\(path)`, which is not absolute")
            }
          }
        ),
        (
          "its settings have descriptions and defaults of their types",
          {
            for setting in found.withLock({ $0?.settings }) ?? [] where setting.description.isEmpty {
              throw PluginError(.invalid, "its setting `\(setting.name)` has no description")
            }
          }
        ),
      ])
    return (found.withLock { $0 }, report)
  }

  private func descriptor() async throws -> PluginDescriptor {
    let process = try await start(PluginPermissions(), concurrency: 1, state: try TemporaryFolder())
    do {
      let answer = try await process.session.call(
        "keystone.plugin/1.describe", Array("{}".utf8), budget: .seconds(10))
      await process.stop()
      return try PluginDescriptor(answer: answer)
    } catch {
      await process.stop()
      throw error
    }
  }

  private func conformance(of type: TypeDescriptor, _ descriptor: PluginDescriptor) async -> ConformanceReport {
    let subject = PluginProcess(self, descriptor)
    let plugin = subject.plugin
    let sample = samples[type.type]
    let report: ConformanceReport
    do {
      report =
        switch type.point {
        case .invariant: try await InvariantConformance.report(plugin, type: type.type, sample: sample)
        case .forbidden: try await ForbiddenRuleConformance.report(plugin, type: type.type, sample: sample)
        case .fixture: try await FixtureConformance.report(plugin, type: type.type, sample: sample)
        case .agent: try await AgentConformance.report(plugin, type: type.type, sample: sample)
        case .notifier: try await NotifierConformance.report(plugin, type: type.type, sample: sample)
        case .runtime:
          try await RuntimeConformance.report(
            plugin, type: type.type, other: PluginProcess(self, descriptor, state: subject.state).plugin)
        }
    } catch {
      report = await ConformanceReport.of(
        "\(type.point.rawValue) \(type.type)", [("it can be tested", { throw error })])
    }
    await subject.stop()
    return report
  }

  // MARK: Processes

  func start(
    _ permissions: PluginPermissions, concurrency: Int, state: TemporaryFolder, limits: [String: Int] = [:]
  ) async throws -> IsolatedPlugin {
    let confinement = Confinement(
      network: permissions.network, readPaths: permissions.paths.filter { !$0.hasSuffix(":rw") },
      writePaths: permissions.paths.filter { $0.hasSuffix(":rw") }.map { String($0.dropLast(3)) },
      environment: processVariables(permissions.env), exec: permissions.exec, stateFolder: state.path)
    return try await IsolatedPlugin.start(
      file: file, helper: helper, confinement: isUnconfined ? nil : confinement, concurrency: concurrency,
      limits: limits, incoming: PluginUnderTest.serve)
  }

  private func processVariables(_ names: [String]) -> [String: String] {
    Dictionary(
      names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } },
      uniquingKeysWith: { first, _ in first })
  }
}

extension ConformanceReport {
  /// A report on sentences that hold unless their closure throws.
  static func of(_ subject: String, _ cases: [(String, @Sendable () async throws -> Void)]) async -> ConformanceReport {
    var report = ConformanceReport(subject: subject)
    for (name, body) in cases {
      let start = ContinuousClock.now
      var outcome = Outcome.passed
      do { try await body() } catch { outcome = .failed(PluginError(error).message) }
      report.cases.append(Case(name: name, outcome: outcome, duration: start.duration(to: .now)))
    }
    return report
  }
}
