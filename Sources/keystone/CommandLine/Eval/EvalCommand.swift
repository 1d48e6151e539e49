import ArgumentParser
import KeystoneExperiment
import KeystoneKit
import KeystonePluginHost

/// The command `keystone eval …`.
struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Runs specs and judges the agents in them.", subcommands: [EvalRunCommand.self])
}

/// The command `keystone eval run SPEC…`.
struct EvalRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs specs here, without a daemon, and prints the verdicts.",
    discussion: """
      Exit code: 0 when everything passed, 1 when something failed, 2 when a spec or the command line is wrong,
      3 when something could not run.

      Settings of plugins are flags too, such as -judge-url; `keystone plugin show TYPE` lists those of a type.
      """)

  @Argument(parsing: .allUnrecognized, help: "The specs to run, and settings of plugins as flags.")
  var arguments: [String] = []
  @Option(help: "How to print the results: table, json or junit.") var format: ReportFormat = .table
  @Option(help: "Write the results to this file instead of stdout.") var output: String?
  @Option(help: "How often each matrix cell is run, instead of what the spec says.") var replicas: Int?
  @Option(help: "The seed of the experiment, instead of what the spec says.") var seed: Int64?
  @Option(help: "Run this scenario only, such as c1-r2; may be given several times.") var only: [String] = []
  @Option(help: "How many scenarios run at a time; the number of processors by default.") var concurrency: Int?
  @Option(help: "The runtime: auto, or the name of an installed type.") var runtime = "auto"
  @Flag(help: "Leave the sandboxes as they are after their verdicts.") var keepSandbox = false
  @OptionGroup var gateway: GatewayOptions
  @OptionGroup var host: PluginHostOptions

  func validate() throws {
    if let replicas, !(1...100_000).contains(replicas) { throw ValidationError("--replicas takes 1 to 100000") }
    if let concurrency, !(1...10_000).contains(concurrency) { throw ValidationError("--concurrency takes 1 to 10000") }
  }

  func run() async throws {
    let environment = DotEnvFile.merged(into: processEnvironment())
    let (files, flags) = PluginFlags.split(arguments)
    let registry = await PluginRegistry.open(.current, options: host.options(flags: flags, environment: environment))
    let interruption = Interruption()
    let task = Task {
      try await EvalSession(command: self, files: files, registry: registry, environment: environment).run()
    }
    interruption.onFirst { task.cancel() }
    let result = await task.result
    await registry.shutdown()
    if interruption.hasHappened { throw ExitCode(130) }
    switch try result.get() {
    case .pass: break
    case .fail, .flaky: throw Exit.failed
    case .error: throw Exit.couldNotRun
    }
  }
}

/// How results are printed.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable { case table, json, junit }
