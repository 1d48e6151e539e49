package import KeystoneKit
import KeystonePluginHost

/// The host's services that need no sandbox: log, progress and HTTP.
package struct PlainServices: HostServiceHandler {
  private let outbound: any OutboundRequests
  private let patterns: SecretPatterns
  private let log: @Sendable (String, String, [String: JSONValue]) -> Void
  private let progress: @Sendable (SandboxStep) -> Void

  /// Services that mask the secrets of `patterns` in whatever a plugin says.
  package init(
    outbound: any OutboundRequests, patterns: SecretPatterns,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void,
    progress: @escaping @Sendable (SandboxStep) -> Void = { _ in }
  ) {
    self.outbound = outbound
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
      return try JSONValueEncoder().encode(try await outbound.send(request)).bytes
    default:
      throw PluginError(.unsupported, "this host has no service `\(service)`; a newer Keystone may have it")
    }
  }
}

extension SandboxPlan {
  /// The services that need no sandbox, for a call of this scenario.
  var services: PlainServices {
    PlainServices(outbound: outbound, patterns: SecretPatterns(secrets), log: log, progress: progress)
  }
}
