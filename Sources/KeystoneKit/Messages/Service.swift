/// A service that a runtime is asked to start beside a sandbox.
public struct ServiceRequest: Codable, Sendable, Hashable {
  /// Its name, by which other services and the sandbox reach it.
  public var name: String
  /// The image reference.
  public var image: String
  /// Variables of its main program, beside those of the image.
  public var environment: [String: String]
  /// The ports it answers on; empty when the spec names none.
  public var ports: [Int]
  /// What runs instead of the image's own program; empty for that.
  public var arguments: [String]

  /// A service.
  public init(
    name: String, image: String, environment: [String: String] = [:], ports: [Int] = [], arguments: [String] = []
  ) {
    self.name = name
    self.image = image
    self.environment = environment
    self.ports = ports
    self.arguments = arguments
  }
}

/// Where the host reaches a service.
public struct ServiceEndpoint: Codable, Sendable, Hashable {
  /// The IP address at which every port is reached; absent when only ``sockets`` lead there.
  public var address: String?
  /// Unix sockets of the host, by port.
  public var sockets: [String: String]
  /// The ports it answers on, as its image declares them where the spec names none.
  public var ports: [Int]
  /// What runs, for the result: an image's id, or a program's version.
  public var version: String

  /// An endpoint.
  public init(address: String? = nil, sockets: [String: String] = [:], ports: [Int], version: String) {
    self.address = address
    self.sockets = sockets
    self.ports = ports
    self.version = version
  }
}

/// What became of a service.
public struct ServiceStatus: Codable, Sendable, Hashable {
  /// How its main program ended; absent while it runs.
  public var end: CommandStatus?
  /// The end of what it wrote to stdout and stderr.
  public var log: String

  /// A status.
  public init(end: CommandStatus? = nil, log: String) {
    self.end = end
    self.log = log
  }
}

/// A service of the sandbox, as a plugin sees it.
public struct ServiceDescription: Codable, Sendable, Hashable {
  /// Its name.
  public var name: String
  /// The image reference.
  public var image: String
  /// Its variables, with secrets filled in.
  public var environment: [String: String]
  /// The ports it answers on.
  public var ports: [Int]

  /// A description.
  public init(name: String, image: String, environment: [String: String] = [:], ports: [Int] = []) {
    self.name = name
    self.image = image
    self.environment = environment
    self.ports = ports
  }
}
