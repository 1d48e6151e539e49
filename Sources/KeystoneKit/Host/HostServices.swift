/// The services every context offers, whatever the extension point.
public protocol HostServices: Sendable {
  /// The way to the host.
  var host: HostConnection { get }
}

/// How important a log line is.
public enum LogLevel: String, Codable, Sendable {
  case debug, info, warning, error
}

extension HostServices {
  /// Writes a line to the host's log, with keys and values.
  public func log(_ level: LogLevel, _ message: String, _ values: [String: JSONValue] = [:]) {
    host.tell("log", LogRecord(level: level, message: message, values: values))
  }

  /// Tells the person who waits what is being done now.
  public func progress(_ message: String) {
    host.tell("progress", LogRecord(level: .info, message: message, values: [:]))
  }

  /// Adds tokens to the cost of this run.
  public func recordUsage(_ usage: Usage) async throws { _ = try await host.call("usage", usage, as: Empty.self) }

  /// Makes an HTTP request from the host; it is not one of the agent's.
  ///
  /// - Throws: ``PluginError/Code/denied`` when the address is not allowed, ``PluginError/Code/unavailable`` when
  ///   the server cannot be reached.
  public func send(_ request: HTTPRequest) async throws -> HTTPResponse { try await host.call("http", request) }

  /// The value the operator gave to a setting of this plugin, or its default.
  public func setting(_ name: String) -> JSONValue? { host.configuration.settings[name] }

  /// A folder that is this plugin's own and stays.
  public var stateFolder: String { host.configuration.stateFolder }

  /// A folder that is this plugin's own and may be emptied at any time.
  public var cacheFolder: String { host.configuration.cacheFolder }
}

/// A line for the host's log.
package struct LogRecord: Codable, Sendable {
  package var level: LogLevel
  package var message: String
  package var values: [String: JSONValue]

  package init(level: LogLevel, message: String, values: [String: JSONValue]) {
    self.level = level
    self.message = message
    self.values = values
  }
}
