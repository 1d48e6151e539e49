import KeystoneKit
import KeystoneSandbox
import KeystoneSpec

/// What the names of one sandbox lead to.
struct EgressPolicy: Sendable {
  /// The domain in which services have a second name.
  private static let serviceDomain = ".services.internal"

  private let api: HostName?
  private let mocks: [HostName: [Int]]
  private let images: Set<HostName>
  private let overrides: [HostName: Destination]
  private let rules: [HostRule]
  private let isDefaultAllow: Bool
  private let operatorRules: [HostRule]

  /// The policy of a plan; `reachable` are hosts that the operator lets have private addresses.
  init(_ plan: GatewayPlan, reachable: [HostRule] = []) throws {
    api = plan.apiSocket == nil ? nil : HostName(GatewayPlan.apiHost)
    var mocks: [HostName: [Int]] = [:]
    var images: Set<HostName> = []
    for service in plan.services {
      guard let name = HostName(service.name) else { continue }
      if case .httpMock = service.kind { mocks[name] = service.ports } else { images.insert(name) }
    }
    (self.mocks, self.images) = (mocks, images)
    operatorRules = reachable
    isDefaultAllow = plan.network.egress.policy == .allow
    rules = try plan.network.egress.allow.map { try Self.rule($0, in: "network.egress.allow") }
    var overrides: [HostName: Destination] = [:]
    for (name, target) in plan.network.dnsOverrides {
      guard let name = HostName(name), let goal = HostAndPort(target) else {
        throw PluginError(.unsupported, "`network.dns_overrides` cannot lead `\(name)` to `\(target)`: name a host")
      }
      overrides[name] = Self.destination(of: goal, mocks: mocks, images: images, plan)
    }
    self.overrides = overrides
  }

  /// Reads a host that may be reached; `place` is where it stands.
  static func rule(_ text: String, in place: String) throws -> HostRule {
    guard let rule = HostRule(text) else {
      throw PluginError(.unsupported, "`\(place)` cannot have `\(text)`: name hosts or IPv4 addresses")
    }
    return rule
  }

  private static func destination(
    of goal: HostAndPort, mocks: [HostName: [Int]], images: Set<HostName>, _ plan: GatewayPlan
  ) -> Destination {
    if let service = service(goal.host), mocks[service] != nil { return .mock(service.text) }
    if let service = service(goal.host), images.contains(service) { return .service(service.text) }
    return .outside(
      Outside(
        host: goal.host, port: goal.port, mayBePrivate: goal.host.literal != nil && plan.isCallersOwn,
        isRedirected: true))
  }

  /// The service that a name may stand for, in either domain.
  private static func service(_ host: HostName) -> HostName? {
    host.text.hasSuffix(serviceDomain) ? HostName(String(host.text.dropLast(serviceDomain.count))) : host
  }

  /// Whether connections to any name of this sandbox are decrypted.
  var decrypts: Bool { !mocks.isEmpty || !overrides.isEmpty }

  /// Where a connection of the host itself leads: names are the sandbox's, the policy for its agent is not asked.
  func lead(_ host: HostName, port: Int, mayBePrivate: Bool) -> Decision {
    let decision = decide(host, port: port, isOpen: true)
    guard case .allowed(.outside(var outside)) = decision else { return decision }
    outside.mayBePrivate = outside.mayBePrivate || mayBePrivate
    return .allowed(.outside(outside))
  }

  /// Decides about a name, or a connection to a port of it; `further` are hosts that the agent may reach, too.
  func decide(_ host: HostName, port: Int?, isOpen: Bool, further: [HostRule] = []) -> Decision {
    if let target = overrides[host] { return .allowed(target) }
    if host == api { return .allowed(.api) }
    if let service = Self.service(host), let ports = mocks[service] {
      guard let port, !ports.isEmpty, !ports.contains(port) else { return .allowed(.mock(service.text)) }
      return .denied("the service \(service) does not answer on port \(port)")
    }
    if let service = Self.service(host), images.contains(service) { return .allowed(.service(service.text)) }
    if host.text.hasSuffix(Self.serviceDomain) { return .denied("there is no such service") }
    func isCovered(by rules: [HostRule]) -> Bool { rules.contains { $0.covers(host, port: port) } }
    guard isOpen || isDefaultAllow || isCovered(by: rules) || isCovered(by: further) else {
      return .denied("not in network.egress.allow")
    }
    let mayBePrivate = operatorRules.contains { $0.covers(host, port: port) }
    return .allowed(.outside(Outside(host: host, mayBePrivate: mayBePrivate)))
  }
}
