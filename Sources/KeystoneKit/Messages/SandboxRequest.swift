/// What a runtime is asked to build.
public struct SandboxRequest: Codable, Sendable, Hashable {
  /// The sandbox's id, chosen and written down by the host before it asks: asking twice makes one sandbox.
  public var id: String
  /// The host that owns it; runtimes mark everything they make with it.
  public var instance: String
  /// A folder of the host that the runtime may fill for this sandbox; it need not exist yet.
  public var folder: String
  /// The base image of the spec.
  public var base: String
  /// Limits, in units of the host.
  public var limits: SandboxLimits
  /// Variables every command gets.
  public var environment: [String: String]
  /// A Unix socket of the host (`SOCK_SEQPACKET`) at which the sandbox's first process hands over what the gateway and
  /// the audit listen on; absent when the host wants neither.
  public var attachment: String?
  /// Whether the program of another image will work in the sandbox's workspace (``ImageRunning``).
  public var sharesWorkspace: Bool?
  /// Certificates, as PEM, that programs in the sandbox have to trust; absent when the base's own suffice.
  public var authorities: String?

  /// A request.
  public init(
    id: String, instance: String, folder: String, base: String, limits: SandboxLimits = SandboxLimits(),
    environment: [String: String] = [:], attachment: String? = nil, authorities: String? = nil,
    sharesWorkspace: Bool? = nil
  ) {
    self.id = id
    self.instance = instance
    self.folder = folder
    self.base = base
    self.limits = limits
    self.environment = environment
    self.attachment = attachment
    self.authorities = authorities
    self.sharesWorkspace = sharesWorkspace
  }
}

/// What a sandbox may use at most; no limit where absent.
public struct SandboxLimits: Codable, Sendable, Hashable {
  /// Thousandths of a processor.
  public var cpuMillis: Int?
  /// Bytes of memory.
  public var memory: UInt64?
  /// Bytes of disk.
  public var disk: UInt64?
  /// The number of processes.
  public var processes: Int?

  enum CodingKeys: String, CodingKey {
    case memory, disk, processes
    case cpuMillis = "cpu_millis"
  }

  /// Limits.
  public init(cpuMillis: Int? = nil, memory: UInt64? = nil, disk: UInt64? = nil, processes: Int? = nil) {
    self.cpuMillis = cpuMillis
    self.memory = memory
    self.disk = disk
    self.processes = processes
  }
}

/// What a sandbox really has, as its runtime reports it; a result carries it as `environment`.
public struct SandboxEnvironment: Codable, Sendable, Hashable {
  /// The runtime's type.
  public var runtime: String
  /// What separates it from the host, such as `namespaces`, `container` or `none`.
  public var isolation: String
  /// What a reader of the result must know, in full sentences.
  public var warnings: [String]
  /// `enforced`, `watched` or `none` for `cpu`, `memory`, `disk`, `processes` and `timeout`.
  public var limits: [String: String]
  /// What can be observed, and by what means.
  public var audit: [String: String]
  /// `gateway` when nothing but the host's gateway can be reached, `none` when nothing but the loopback can, `host` when
  /// everything can.
  public var network: String
  /// `honoured`, or `ignored` when the runtime has no images.
  public var base: String
  /// `real`, or what else commands are told that the time is.
  public var clock: String
  /// Who runs the agent's commands, such as `uid 1000`.
  public var user: String
  /// The folder of the host that is the workspace, where there is one.
  public var workspace: String?
  /// Where the workspace is for the agent: `/workspace` in every runtime that isolates.
  public var workspacePath: String
  /// Where ``FileArea/protected`` is for commands in the sandbox.
  public var protectedPath: String

  enum CodingKeys: String, CodingKey {
    case runtime, isolation, warnings, limits, audit, network, base, clock, user, workspace
    case workspacePath = "workspace_path"
    case protectedPath = "protected_path"
  }

  /// An environment.
  public init(
    runtime: String, isolation: String, warnings: [String] = [], limits: [String: String] = [:],
    audit: [String: String] = [:], network: String, base: String, clock: String = "real", user: String,
    workspace: String? = nil, workspacePath: String = "/workspace", protectedPath: String = "/run/keystone/protected"
  ) {
    self.runtime = runtime
    self.isolation = isolation
    self.warnings = warnings
    self.limits = limits
    self.audit = audit
    self.network = network
    self.base = base
    self.clock = clock
    self.user = user
    self.workspace = workspace
    self.workspacePath = workspacePath
    self.protectedPath = protectedPath
  }
}

/// Whether a runtime can be used on this machine now.
public struct RuntimeHealth: Codable, Sendable, Hashable {
  /// Whether it can build sandboxes.
  public var isHealthy: Bool
  /// What it found, in one sentence that ends in what to do when it is not healthy.
  public var reason: String

  enum CodingKeys: String, CodingKey {
    case reason
    case isHealthy = "is_healthy"
  }

  /// A finding.
  public init(isHealthy: Bool, reason: String) {
    self.isHealthy = isHealthy
    self.reason = reason
  }
}

/// A sandbox a runtime finds on this machine, perhaps left by a host that died.
public struct ExistingSandbox: Codable, Sendable, Hashable {
  /// Its id.
  public var id: String
  /// The host that made it.
  public var instance: String

  /// A sandbox.
  public init(id: String, instance: String) {
    self.id = id
    self.instance = instance
  }
}
