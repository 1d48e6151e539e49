import ArgumentParser
import KeystoneAPI
import KeystoneKit
import KeystonePluginHost
import Logging

/// The command `keystone serve`, and plain `keystone -port 8012 …`.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serves the HTTP API: the daemon.",
    discussion: """
      It listens on 127.0.0.1:8012 and needs a key: KEYSTONE_API_KEY, -api-key, or one of `keystone key create`.
      SIGTERM and SIGINT end it in order; what was running is run again at the next start. SIGHUP lets it take the plugins
      that were installed meanwhile; what runs finishes on those it began with.

      Settings of plugins are flags too, such as -judge-url; `keystone plugin show TYPE` lists those of a type.
      """)

  @Argument(parsing: .allUnrecognized, help: "Settings of plugins as flags.") var arguments: [String] = []
  @Option(name: .go("port"), help: "The TCP port; 0 takes any that is free.") var port: Int?
  @Option(name: .go("host"), help: "The address to listen on.") var host = "127.0.0.1"
  @Option(name: .go("workspace-dir"), help: "Where sandboxes are built; below the data folder by default.")
  var workspaceDir: String?
  @Option(name: .go("runtime"), help: "The runtime: auto, or the name of an installed type.") var runtime = "auto"
  @Option(name: .go("api-key"), help: "A key that clients may use; KEYSTONE_API_KEY by default.") var apiKey: String?
  @Option(name: .go("max-sandboxes"), help: "How many sandboxes there may be at once on this machine.")
  var maxSandboxes = 64
  @Option(name: .go("max-sandboxes-per-owner"), help: "How many of them may be one owner's.")
  var maxSandboxesPerOwner = 20
  @Option(name: .go("concurrency"), help: "How many scenarios run at a time; twice the processors by default.")
  var concurrency: Int?
  @Option(name: .go("rate-limit"), help: "How many requests per second an owner may make; no limit by default.")
  var rateLimit: Int?
  @Option(name: .go("retention-days"), help: "Experiments and traces older than this are removed; none by default.")
  var retentionDays: Int?
  @Option(name: .go("base-url"), help: "The URL under which clients reach the daemon.") var baseURL: String?
  @Option(name: .go("log-level"), help: "trace, debug, info, notice, warning or error.") var logLevel = LogThreshold
    .info
  @Option(name: .go("log-format"), help: "text or json.") var logFormat: LogFormat = .text
  @Option(
    name: .go("allow-outbound"),
    help:
      "An origin that is not public and that specs and alerts may nevertheless call, such as http://10.0.0.7:9000; may be given several times."
  )
  var allowOutbound: [String] = []
  @Flag(name: .go("allow-unauthenticated"), help: "Let KEYSTONE_AUTH_REQUIRED=false hold beyond the loopback.")
  var allowUnauthenticated = false
  @OptionGroup var plugins: PluginHostOptions

  func validate() throws {
    if let port, !(0...65535).contains(port) { throw ValidationError("-port takes 0 to 65535") }
    if maxSandboxes < 1 || maxSandboxesPerOwner < 1 { throw ValidationError("there must be room for one sandbox") }
    if let rateLimit, rateLimit < 1 { throw ValidationError("-rate-limit takes 1 or more") }
    if let retentionDays, retentionDays < 1 { throw ValidationError("-retention-days takes 1 or more") }
    if let concurrency, concurrency < 1 { throw ValidationError("-concurrency takes 1 or more") }
  }

  func run() async throws {
    StructuredLog.start(level: logLevel.level, format: logFormat)
    try await Daemon(command: self, environment: DotEnvFile.merged(into: processEnvironment())).run()
  }
}

extension NameSpecification {
  /// A flag with two dashes, or one as Go's flags have.
  static func go(_ name: String) -> NameSpecification {
    [.customLong(name), .customLong(name, withSingleDash: true)]
  }
}

/// From which level on lines are logged.
enum LogThreshold: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
