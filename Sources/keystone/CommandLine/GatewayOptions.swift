import ArgumentParser

/// What the operator says about the only way out of sandboxes.
struct GatewayOptions: ParsableArguments {
  /// What setup and fixtures may reach.
  enum SetupEgress: String, ExpressibleByArgument, CaseIterable {
    /// Every public host.
    case open
    /// What the spec lets the agent reach.
    case policy
  }

  @Option(
    name: .go("setup-egress"),
    help: "What setup and fixtures may reach: open, every public host; policy, what the spec allows.")
  var setupEgress = SetupEgress.open
  @Option(
    name: .go("reachable-host"),
    help: "A host that a spec may allow although its address is private, such as db.corp:5432; may be repeated.")
  var reachableHosts: [String] = []
}
