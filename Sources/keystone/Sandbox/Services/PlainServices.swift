package import KeystoneKit
import KeystonePluginHost

/// The host's services that need no sandbox: log, progress and HTTP.
package struct PlainServices: HostServiceHandler {
  private let outbound: any OutboundRequests
  private let gateway: (any SandboxGateway)?
  private let patterns: SecretPatterns
  private let log: @Sendable (String, String, [String: JSONValue]) -> Void
  private let progress: @Sendable (SandboxStep) -> Void

  /// Services that mask the secrets of `patterns` in whatever a plugin says, and make its requests through `gateway`
  /// where there is one.
  package init(
    outbound: any OutboundRequests, patterns: SecretPatterns, gateway: (any SandboxGateway)? = nil,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void,
    progress: @escaping @Sendable (SandboxStep) -> Void = { _ in }
  ) {
    self.outbound = outbound
    self.gateway = gateway
    self.patterns = patterns
    self.log = log
    self.progress = progress
  }

  /// Serves one call.
  package func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    switch service {
    case "log":
      let record = try JSONValueDecoder().decode(LogRecord.self, from: JSONValue(parsing: call.body))
      log(record.level.rawValue, patterns.redacted(record.message), record.values.mapValues { patterns.redacted($0) })
      return JSONValue.object([:]).bytes
    case "progress":
      let record = try JSONValueDecoder().decode(LogRecord.self, from: JSONValue(parsing: call.body))
      progress(SandboxStep("progress", patterns.redacted(record.message)))
      return JSONValue.object([:]).bytes
    case "http":
      var request = try JSONValueDecoder().decode(HTTPRequest.self, from: JSONValue(parsing: call.body))
      if let left = call.remaining {
        request.timeoutMilliseconds = min(request.timeoutMilliseconds ?? .max, left.wholeMilliseconds)
      }
      return try JSONValueEncoder().encode(try await outbound.send(request, through: gateway)).bytes
    default:
      throw PluginError(.unsupported, "this host has no service `\(service)`; a newer Keystone may have it")
    }
  }
}

extension SandboxPlan {
  /// The services that need no sandbox, for a call of this scenario; requests go through `gateway` where there is one.
  func services(through gateway: (any SandboxGateway)? = nil) -> PlainServices {
    PlainServices(
      outbound: outbound, patterns: SecretPatterns(secrets), gateway: gateway, log: log, progress: progress)
  }
}
