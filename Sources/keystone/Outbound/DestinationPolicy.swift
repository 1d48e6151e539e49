/// Which addresses a client may connect to.
///
/// The check is made on the resolved address of each connection, when its socket is opened and again when a request
/// is put on an open connection: a name that changes its address between a check and its use gains nothing.
public struct DestinationPolicy: Sendable, Hashable {
  private enum Reach: Hashable {
    case anywhere
    case publicOnly(except: [Origin])
  }

  private var reach: Reach

  /// Every address, for commands that run on the caller's own machine.
  public static let anywhere = DestinationPolicy(reach: .anywhere)

  /// Public addresses, and what the operator named: for requests that are made for a tenant.
  public static func publicOnly(except origins: [Origin] = []) -> DestinationPolicy {
    DestinationPolicy(reach: .publicOnly(except: origins))
  }

  var isAnywhere: Bool { reach == .anywhere }

  /// Whether the addresses of a request to `parts` have to be public.
  func demandsPublicAddress(of parts: URLParts, allowing: [Origin]) -> Bool {
    switch reach {
    case .anywhere: false
    case .publicOnly(let origins): !(origins + allowing).contains { $0.covers(parts) }
    }
  }
}
