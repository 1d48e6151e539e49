/// Where a connection of the sandbox is led.
enum Destination: Hashable, Sendable {
  /// A mock service, answered by the host itself.
  case mock(String)
  /// A service that runs beside the sandbox.
  case service(String)
  /// The sandbox's part of the host's API.
  case api
  /// A host outside.
  case outside(Outside)
}

/// A host outside, as a connection of the sandbox is led to it.
struct Outside: Hashable, Sendable {
  /// The host that is connected to.
  var host: HostName
  /// The port there; that of the connection when absent.
  var port: Int?
  /// Whether the host may have a private address, because the spec of the caller, or the operator, named it.
  var mayBePrivate = false
  /// Whether a specification redirected another name here, so that connections are decrypted.
  var isRedirected = false
}

/// What the policy says to a connection or a question for a name.
enum Decision: Hashable, Sendable {
  case allowed(Destination)
  /// Refused, and why, as the audit log says it.
  case denied(String)
}
