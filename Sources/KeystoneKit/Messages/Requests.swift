/// Asks a check, rule, fixture or agent to look at its parameters: `validate`.
package struct ValidateRequest<Parameters: Decodable & Sendable>: Decodable, Sendable {
  package var type: String
  package var parameters: Parameters
}

/// What `validate` found.
package struct ValidateReply: Codable, Sendable {
  package var problems: [PluginError.Diagnostic]

  package init(problems: [PluginError.Diagnostic]) { self.problems = problems }
}

/// Asks one type of a plugin to do its work in a scenario: `prepare`, `evaluate`, `apply`, `run`.
package struct WorkRequest: Codable, Sendable {
  package var type: String
  /// The name of the invariant or fixture in the spec.
  package var name: String
  package var parameters: JSONValue
  package var scenario: Scenario
  package var agent: AgentOutcome?
  /// `agent.model` of the spec, for agents.
  package var model: String?
  /// Services of the sandbox, by name.
  package var services: [String: ServiceAddress]

  package init(
    type: String, name: String, parameters: JSONValue, scenario: Scenario, agent: AgentOutcome? = nil,
    model: String? = nil, services: [String: ServiceAddress] = [:]
  ) {
    self.type = type
    self.name = name
    self.parameters = parameters
    self.scenario = scenario
    self.agent = agent
    self.model = model
    self.services = services
  }
}

/// Where a service of the sandbox can be reached from inside.
public struct ServiceAddress: Codable, Sendable, Hashable {
  /// The host name.
  public var host: String
  /// The port.
  public var port: Int
  /// Whether it answered its readiness check.
  public var ready: Bool

  /// An address.
  public init(host: String, port: Int, ready: Bool) {
    self.host = host
    self.port = port
    self.ready = ready
  }
}

/// What a forbidden rule found.
package struct RuleReply: Codable, Sendable {
  package var violations: [Violation]

  package init(violations: [Violation]) { self.violations = violations }
}

/// Asks a notifier to tell somebody: `notify`.
package struct NotifyRequest: Codable, Sendable {
  package var type: String
  package var parameters: JSONValue
  package var alert: Alert

  package init(type: String, parameters: JSONValue, alert: Alert) {
    self.type = type
    self.parameters = parameters
    self.alert = alert
  }
}

/// Hands an operator's settings and the plugin's own folders to it: `configure`.
package struct ConfigureRequest: Codable, Sendable {
  package var settings: [String: JSONValue]
  package var stateFolder: String
  package var cacheFolder: String

  package init(settings: [String: JSONValue], stateFolder: String, cacheFolder: String) {
    self.settings = settings
    self.stateFolder = stateFolder
    self.cacheFolder = cacheFolder
  }

  enum CodingKeys: String, CodingKey {
    case settings
    case stateFolder = "state_folder"
    case cacheFolder = "cache_folder"
  }
}

/// A call to a runtime about one of its sandboxes, and the same calls from a plugin to the host, where the
/// sandbox is the one of the call that is being served.
package struct SandboxCall: Codable, Sendable {
  package var type: String?
  package var sandbox: String?
  package var handle: JSONValue?
  package var request: SandboxRequest?
  package var command: Command?
  package var path: SandboxPath?
  package var area: FileArea?
  package var offset: UInt64?
  package var limit: UInt64?
  package var mode: UInt32?
  package var recursive: Bool?
  package var signal: Int?
  package var from: SandboxPath?
  package var service: String?
  package var serviceRequest: ServiceRequest?
  package var packages: [String]?
  package var image: String?

  enum CodingKeys: String, CodingKey {
    case type, sandbox, handle, request, command, path, area, offset, limit, mode, recursive, signal, from, service
    case packages, image
    case serviceRequest = "service_request"
  }

  package init(
    type: String? = nil, sandbox: String? = nil, handle: JSONValue? = nil, request: SandboxRequest? = nil,
    command: Command? = nil, path: SandboxPath? = nil, area: FileArea? = nil, offset: UInt64? = nil,
    limit: UInt64? = nil, mode: UInt32? = nil, recursive: Bool? = nil, signal: Int? = nil, from: SandboxPath? = nil,
    service: String? = nil, serviceRequest: ServiceRequest? = nil, packages: [String]? = nil, image: String? = nil
  ) {
    self.type = type
    self.sandbox = sandbox
    self.handle = handle
    self.request = request
    self.command = command
    self.path = path
    self.area = area
    self.offset = offset
    self.limit = limit
    self.mode = mode
    self.recursive = recursive
    self.signal = signal
    self.from = from
    self.service = service
    self.serviceRequest = serviceRequest
    self.packages = packages
    self.image = image
  }
}

/// The answer to `create`.
package struct CreateReply: Codable, Sendable {
  package var handle: JSONValue
  package var environment: SandboxEnvironment

  package init(handle: JSONValue, environment: SandboxEnvironment) {
    self.handle = handle
    self.environment = environment
  }
}

/// A list in an object, so that members can be added beside it.
package struct ListReply<Item: Codable & Sendable>: Codable, Sendable {
  package var items: [Item]

  package init(items: [Item]) { self.items = items }
}
