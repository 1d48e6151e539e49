import Glibc
import KeystoneKit
package import KeystoneSandbox
import NIOCore
import NIOPosix

/// Serves the gateways of all sandboxes of this process, on event loops that they share.
package struct Gateway: GatewayProvider {
  private let group: any EventLoopGroup
  private let reachable: [HostRule]

  /// A provider.
  ///
  /// - Parameter reachableHosts: Hosts that may have private addresses, as in `network.egress.allow`.
  /// - Throws: ``PluginError`` when an entry is no host.
  package init(reachableHosts: [String] = []) throws {
    group = MultiThreadedEventLoopGroup.singleton
    reachable = try reachableHosts.map { text in
      guard let rule = HostRule(text) else {
        throw PluginError(.invalid, "`\(text)` is no host such as `db.corp.example` or `*.corp.example:5432`")
      }
      return rule
    }
    Self.raiseDescriptorLimit()
  }

  /// Opens a gateway.
  package func open(_ plan: GatewayPlan) throws -> any SandboxGateway {
    try OpenGateway(plan, reachable: reachable, on: group.next())
  }

  /// A relay needs two descriptors; the usual limit of 1024 is for programs that use `select`.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
