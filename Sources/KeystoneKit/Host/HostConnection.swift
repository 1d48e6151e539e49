/// The way from a plugin to the host's services, on behalf of one call.
///
/// All services a context offers end here; the host learns from `parent` which sandbox is meant.
public struct HostConnection: Sendable {
  let session: PeerSession
  let parent: UInt64
  let configuration: PluginConfiguration

  /// Makes a call of a host service and reads its answer.
  func call<Request: Encodable, Reply: Decodable>(
    _ service: String, _ request: Request, as reply: Reply.Type = Reply.self, budget: Duration? = nil
  ) async throws -> Reply {
    let body = try JSONValueEncoder().encode(request).bytes
    let answer = try await session.call("keystone.host/1.\(service)", body, budget: budget, parent: parent)
    return try JSONValueDecoder().decode(Reply.self, from: JSONValue(parsing: answer))
  }

  /// Begins a call of a host service that uses channels.
  func begin(_ service: String, _ request: some Encodable) throws -> OutgoingCall {
    let body = try JSONValueEncoder().encode(request).bytes
    return session.begin("keystone.host/1.\(service)", body, parent: parent)
  }

  /// Tells the host something without waiting for its answer.
  func tell(_ service: String, _ request: some Encodable) {
    guard let body = try? JSONValueEncoder().encode(request).bytes else { return }
    _ = session.begin("keystone.host/1.\(service)", body, parent: parent)
  }
}

/// An answer without content.
package struct Empty: Codable, Sendable {
  package init() {}
}

/// What the operator set for this plugin, and its own folders.
package struct PluginConfiguration: Sendable {
  package var settings: [String: JSONValue] = [:]
  package var stateFolder = ""
  package var cacheFolder = ""
}
