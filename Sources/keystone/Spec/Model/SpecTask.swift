public import KeystoneKit

/// What the agent is asked to do.
public struct SpecTask: Sendable, Hashable {
  /// The text that is sent to the agent; may contain templates.
  public var prompt: String
  /// Structured information that goes along with the prompt.
  public var context: [String: JSONValue]
}

/// What is prepared in the sandbox before the agent starts.
public struct SpecSetup: Sendable, Hashable {
  /// Packages of the base image's package manager.
  public var packages: [String] = []
  /// Shell commands, run in the workspace in this order.
  public var commands: [String] = []
  /// Files that are written before the commands run.
  public var files: [SpecSetupFile] = []
  /// Environment variables of setup, agent and checks.
  public var env: [String: String] = [:]
}

/// A file that setup writes.
public struct SpecSetupFile: Sendable, Hashable {
  /// Where it goes; relative paths start at the workspace.
  public var path: String
  /// What it contains; may contain templates.
  public var content: String
  /// Its permission bits, when the document gives them.
  public var mode: UInt32?
}

/// The limits of a sandbox; `nil` where the document gives none.
public struct SpecResources: Sendable, Hashable {
  /// The time for the whole life of a sandbox: setup, agent and scoring.
  public var timeout: Duration?
  /// Memory in bytes.
  public var memory: UInt64?
  /// CPU time in thousandths of a CPU.
  public var cpu: Int?
  /// Disk space in bytes.
  public var disk: UInt64?
  /// The largest number of processes.
  public var pids: Int?
  /// How many scenarios of this spec may run at once.
  public var concurrencyLimit: Int?

  /// The documented timeout where a spec gives none: 10 minutes.
  public static let defaultTimeout = Duration.seconds(600)
  /// The processes of a sandbox whose spec names no number: enough for any build, too few to stop the machine.
  public static let defaultProcesses = 2048
  /// The documented memory where a spec gives none: 2 GiB.
  public static let defaultMemory: UInt64 = 2 << 30
  /// The documented CPU limit where a spec gives none: 2 CPUs.
  public static let defaultCPU = 2000
}
