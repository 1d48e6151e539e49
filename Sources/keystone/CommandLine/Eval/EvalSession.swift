import Glibc
import KeystoneAPI
import KeystoneExperiment
import KeystoneGateway
import KeystoneKit
import KeystonePluginHost
import KeystoneRecords
import KeystoneSandbox
import KeystoneSpec
import KeystoneStore

/// One `keystone eval run`: an engine embedded in the command.
struct EvalSession {
  let command: EvalRunCommand
  let files: [String]
  let registry: PluginRegistry
  let environment: [String: String]

  /// Runs every spec and answers the verdict over all of them.
  func run() async throws -> ScenarioStatus {
    try checkArguments()
    let specs = try await read(files)
    let (runtime, reason) = try await RuntimeChoice(registry: registry).choose(command.runtime)
    try refuseUnmetNeeds(specs, runtime)
    try checkChoice(specs)
    let dataFolder = Installation.current.dataFolder
    let instance = try InstanceLock(dataFolder: dataFolder, id: Identifier.random(prefix: "i-"))
    let sandboxes = "\(dataFolder)/sandboxes"
    await reap(runtime, sandboxes, dataFolder)
    let store = try await SQLiteStore.open("\(dataFolder)/keystone.sqlite")
    // Before anything runs: a dataset that is missing stops all.
    var rows: [[[String: JSONValue]]?] = []
    for spec in specs { rows.append(try await self.rows(of: spec, store)) }
    let api = try SandboxAPI(store: store, dataFolder: dataFolder, instance: instance.id)
    defer { withExtendedLifetime(api) {} }
    var verdicts: [ScenarioStatus] = []
    var reports: [SpecReport] = []
    for (spec, rows) in zip(specs, rows) {
      let report = try await run(spec, rows, runtime, because: reason, instance, store, api, dataFolder)
      reports.append(report)
      verdicts.append(report.results.verdict)
    }
    try deliver(reports)
    return verdicts.contains(.error) ? .error : verdicts.contains(.fail) ? .fail : .pass
  }

  private func checkArguments() throws {
    if let unknown = registry.unknownFlags.first {
      Terminal.complain(
        "error: there is no flag -\(unknown); `keystone eval run --help` lists those of the command, `keystone plugin show TYPE` those of plugins"
      )
      throw Exit.invalid
    }
    guard !files.isEmpty else {
      Terminal.complain("error: name at least one spec, such as `keystone eval run spec.yaml`")
      throw Exit.invalid
    }
  }

  private func read(_ files: [String]) async throws -> [Spec] {
    var specs: [Spec] = []
    var hasErrors = false
    for file in files {
      let (spec, diagnostics) = await SpecReading.read(file, registry: registry)
      for diagnostic in diagnostics { Terminal.complain(diagnostic.rendered) }
      if let spec { specs.append(spec) } else { hasErrors = true }
    }
    if hasErrors { throw Exit.invalid }
    return specs
  }

  private func refuseUnmetNeeds(_ specs: [Spec], _ runtime: InstalledType) throws {
    let needs = specs.flatMap { spec in
      UnmetNeeds.of(spec, runtime: runtime.descriptor).map { "\(spec.file): cannot be run here: \($0)" }
    }
    guard needs.isEmpty else {
      for need in needs { Terminal.complain(need) }
      throw Exit.couldNotRun
    }
  }

  /// Checks that every spec has every scenario that `--only` names.
  private func checkChoice(_ specs: [Spec]) throws {
    // What scenarios a spec with datasets has is known when their rows are read.
    for spec in specs where spec.datasets.isEmpty {
      let ids = ExperimentPlan.scenarios(spec, replicas: command.replicas, seed: 0).map(\.id)
      guard let unknown = command.only.first(where: { !ids.contains($0) }) else { continue }
      Terminal.complain(
        "error: \(spec.file) has no scenario \(unknown); it has \(ids[0]) to \(ids[ids.count - 1])")
      throw Exit.invalid
    }
  }

  private func reap(_ runtime: InstalledType, _ sandboxes: String, _ dataFolder: String) async {
    do {
      let count = try await Reaper.reap(runtime, registry: registry, folder: sandboxes, dataFolder: dataFolder)
      if count > 0 { Terminal.complain("removed \(count) sandboxes that an earlier run left behind") }
    } catch {
      Terminal.complain("warning: cannot look for sandboxes of earlier runs: \(PluginError(error).message)")
    }
  }

  private func run(
    _ spec: Spec, _ rows: [[String: JSONValue]]?, _ runtime: InstalledType, because reason: String,
    _ instance: InstanceLock, _ store: SQLiteStore, _ api: SandboxAPI, _ dataFolder: String
  ) async throws -> SpecReport {
    let seed = command.seed ?? spec.determinism.seed.map { Int64(clamping: $0) } ?? Int64.random(in: 0..<1 << 31)
    let all = ExperimentPlan.scenarios(
      spec, replicas: command.replicas, rows: rows, seed: seed)
    let chosen = command.only.isEmpty ? all : all.filter { command.only.contains($0.id) }
    guard !chosen.isEmpty else {
      Terminal.complain("error: \(spec.file) has no scenario \(command.only.joined(separator: ", "))")
      throw Exit.invalid
    }
    let record = ExperimentRecord(
      id: Identifier.random(prefix: "exp-"), name: spec.name ?? spec.id, specID: spec.id, specFile: spec.file,
      spec: String(decoding: spec.source, as: UTF8.self), seed: seed, status: "running", createdAt: UTCClock.now())
    try await store.create(record, scenarios: chosen)
    let progress = ProgressDisplay(spec: spec.id, total: chosen.count)
    let runner = try ExperimentRunner(
      environment: await runEnvironment(spec, runtime, instance, record, store, api, dataFolder), store: store,
      concurrency: concurrency(spec), reproducer: reproducer(spec, seed), observe: { progress.observe($0) })
    do {
      try await runner.run(chosen, of: record)
      let results = try await store.results(of: record.id)
      progress.finish()
      let run = RunResults(
        record: record, planned: chosen, results: results, strategy: spec.scoring.aggregation, ranAt: record.createdAt)
      var report = SpecReport(
        spec: spec, record: record, results: run, runtime: runtime.descriptor.type, runtimeReason: reason)
      report.alerts = try await alerts(spec, run, record, store)
      try await store.close(record.id, status: "completed", results: report.json)
      return report
    } catch {
      progress.finish()
      try? await Task { try await store.close(record.id, status: "cancelled", results: .null) }.value
      throw error
    }
  }

  /// The rows of the datasets that a spec iterates: those of the default workspace on this machine.
  private func rows(of spec: Spec, _ store: SQLiteStore) async throws -> [[String: JSONValue]]? {
    guard !spec.datasets.isEmpty else { return nil }
    let workspace = try await store.defaultWorkspace(
      of: Caller.usualOwner, orMake: Identifier.random(prefix: "ws_"))
    do {
      return try await store.datasetRows(of: spec, in: workspace.id)
    } catch let failure as StoreFailure where failure.code == .notFound || failure.code == .conflict {
      Terminal.complain("\(spec.file): cannot be run here: \(failure.message)")
      throw Exit.couldNotRun
    }
  }

  private func alerts(
    _ spec: Spec, _ run: RunResults, _ record: ExperimentRecord, _ store: SQLiteStore
  ) async throws -> [JSONValue] {
    guard !spec.alerts.isEmpty else { return [] }
    let forwarded = await SecretSources.resolve(spec.secrets, environment: environment)
    let secrets = (try? SecretValues.resolve(spec.secrets, forwarded: forwarded)) ?? forwarded
    let messenger = AlertMessenger(
      registry: registry, secrets: secrets, outbound: PluginOutbound(), log: Self.log)
    let dispatch = AlertDispatch(spec: spec, messenger: messenger)
    return try await dispatch.run(experiment: record.id, at: UTCClock.now()) { alert in
      guard alert.evalID ?? spec.id == spec.id else { return nil }
      guard let window = alert.window.flatMap({ AlertWindow($0) }) else { return run.json["metrics"] }
      let earlier = try await store.localRuns(of: spec.id, window)
      return AlertMetrics.mean(of: [run.json["metrics"] ?? [:]] + earlier)
    }
  }

  @Sendable private static func log(_ level: String, _ message: String, _ values: [String: JSONValue]) {
    if level == "notice" { return Terminal.complain(message) }
    guard level == "warning" || level == "error" else { return }
    Terminal.complain("\(level): \(message)\(values.isEmpty ? "" : " " + JSONValue.object(values).text)")
  }

  private func concurrency(_ spec: Spec) -> Int {
    let wanted = command.concurrency ?? spec.parallelism.concurrency ?? max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return min(wanted, spec.resources.concurrencyLimit ?? wanted)
  }

  private func reproducer(_ spec: Spec, _ seed: Int64) -> Reproducer {
    let flags = command.runtime == "auto" ? [] : ["--runtime", command.runtime]
    return Reproducer(specFile: spec.file, experimentSeed: seed, replicas: command.replicas, flags: flags)
  }

  private func runEnvironment(
    _ spec: Spec, _ runtime: InstalledType, _ instance: InstanceLock, _ record: ExperimentRecord, _ store: SQLiteStore,
    _ api: SandboxAPI, _ dataFolder: String
  ) async throws -> RunEnvironment {
    let slash = spec.file.lastIndex(of: "/")
    let folder = slash.map { $0 == spec.file.startIndex ? "/" : String(spec.file[..<$0]) } ?? "."
    var environment = RunEnvironment(
      spec: spec, specFolder: folder, registry: registry, runtime: runtime, instance: instance.id,
      sandboxesFolder: "\(dataFolder)/sandboxes", artifactsFolder: "\(dataFolder)/runs/\(record.id)",
      forwardedSecrets: await SecretSources.resolve(spec.secrets, environment: self.environment),
      outbound: PluginOutbound(), keepsSandboxes: command.keepSandbox, registration: api.registration(record.id),
      snapshots: LocalSnapshots(store: store, dataFolder: dataFolder), log: Self.log)
    environment.gateway = try Gateway(reachableHosts: command.gateway.reachableHosts)
    environment.hasOpenSetup = command.gateway.setupEgress == .open
    return environment
  }

  private func deliver(_ reports: [SpecReport]) throws {
    let text =
      switch command.format {
      case .table: TableReport.text(reports)
      case .json: (reports.count == 1 ? reports[0].json : .array(reports.map(\.json))).pretty() + "\n"
      case .junit: JUnitReport.text(reports)
      }
    guard let path = command.output else { return Terminal.show(text) }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      Terminal.complain("error: cannot write \(path): \(String(cString: strerror(errno))); name another --output")
      throw Exit.invalid
    }
    defer { close(descriptor) }
    Terminal.write(text, to: descriptor)
  }
}

/// The results of one spec with what a report says about it.
struct SpecReport {
  var spec: Spec
  var record: ExperimentRecord
  var results: RunResults
  var runtime: String
  /// Why it is this runtime.
  var runtimeReason: String

  /// The alerts that fired, and whether somebody was told.
  var alerts: [JSONValue] = []

  /// The results with the runtime that was used and why, and the alerts that fired.
  var json: JSONValue {
    var object = results.json
    if !alerts.isEmpty { object["alerts"] = .array(alerts) }
    object["runtime"] = ["type": .string(runtime), "reason": .string(runtimeReason)]
    return object
  }
}
