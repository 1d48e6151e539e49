package import KeystoneKit

/// Serves what a plugin asks the host for while the host's call of it runs.
///
/// The host gives one to each call it begins; a plugin's calls on behalf of that call come here and nowhere else.
package protocol HostServiceHandler: Sendable {
  /// Serves one call of a host service and answers with the body of the reply.
  ///
  /// Runs in a task of its own, which is cancelled when the plugin cancels or the host's call ends.
  ///
  /// - Parameters:
  ///   - service: What is asked for, such as `exec` for the method `keystone.host/1.exec`.
  ///   - call: The call, with its body and channels.
  /// - Returns: The body of the reply.
  /// - Throws: ``PluginError``; anything else reaches the plugin as a defect of the host.
  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8]
}

/// The services of a host that offers none.
package struct NoHostServices: HostServiceHandler {
  /// Services that answer `unsupported` to everything.
  package init() {}

  /// Answers `unsupported`.
  package func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    throw PluginError(.unsupported, "the host does not offer `\(service)` for this call")
  }
}

/// What is attached to a call that the host begins.
///
/// A class, so that finding it again is one comparison of types.
final class CallContext: Sendable {
  let services: any HostServiceHandler
  init(_ services: any HostServiceHandler) { self.services = services }
}

/// Serves a plugin's calls, whichever call of the host they belong to.
struct HostServiceRouter: Sendable {
  private static let interface = "keystone.host/1."

  let plugin: String
  let log: @Sendable (PluginLogLine) -> Void

  func serve(_ call: IncomingCall) async throws -> [UInt8] {
    guard call.method.hasPrefix(Self.interface) else {
      throw PluginError(.unsupported, "this host has no method \(call.method)")
    }
    let service = String(call.method.dropFirst(Self.interface.count))
    if let context = call.parentContext as? CallContext {
      return try await context.services.serve(service, call)
    }
    guard service == "log" else {
      throw PluginError(
        .denied,
        "plugin \(plugin) called \(call.method) on behalf of no call that runs: name the host's call as `parent`")
    }
    let record = try JSONValueDecoder().decode(LogRecord.self, from: JSONValue(parsing: call.body))
    log(PluginLogLine(plugin: plugin, level: record.level, message: record.message, values: record.values))
    return Array("{}".utf8)
  }
}
