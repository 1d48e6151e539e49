import KeystoneKit

/// The schemas of the network policy and of the audit log.
enum NetworkSchema {
  static let network = Shape.map(
    "What may be reached over the network.",
    [
      "egress": Shape.map(
        "Traffic that leaves the sandbox.",
        [
          "default": policy("What happens to hosts that `allow` does not name."),
          "allow": Shape.list(
            "Hosts that may be reached.",
            of: Shape.text("A host or a glob.", format: .hostPattern, examples: ["github.com", "*.example.com"])),
        ]),
      "ingress": Shape.map(
        "Traffic that enters the sandbox.",
        [
          "default": policy("What happens to traffic that `allow` does not name."),
          "allow": Shape.list("Ways in.", of: ingressRule),
        ]),
      "dns_overrides": Shape.dictionary(
        "Host names and the names they lead to instead.", names: .hostName,
        of: Shape.text("A service or another host.", format: .hostName)),
    ])

  private static func policy(_ description: String) -> JSONValue {
    Shape.choice(description, ["deny", "allow"], default: "deny")
  }

  private static let ingressRule = Shape.map(
    "One way in.",
    [
      "from": Shape.choice("Who may come in.", ["host"]),
      "to_port": Shape.whole("The port in the sandbox.", from: 1, to: 65_535),
    ], required: ["from"])

  static let audit = Shape.map(
    "What is recorded beyond what rules ask for.",
    [
      "db_writes": Shape.flag("Writes to databases."),
      "http_calls": Shape.flag("Outgoing HTTP requests."),
      "process_spawns": Shape.flag("New processes."),
      "stdout_capture": Shape.flag("Standard output."),
      "file_system": Shape.map(
        "Files.",
        [
          "watch": Shape.list(
            "The folders whose files are watched.", of: Shape.text("A folder.", format: .workspacePath)),
          "track": Shape.list(
            "What is recorded.", of: Shape.choice("A kind of event.", ["writes", "reads", "deletes"])),
        ]),
    ])
}
