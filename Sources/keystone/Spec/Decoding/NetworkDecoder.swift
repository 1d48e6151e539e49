/// Decodes the network policy and the audit log.
enum NetworkDecoder {
  static func network(_ node: YAMLNode?) -> SpecNetwork {
    let egress = node?["egress"]
    let ingress = node?["ingress"]
    return SpecNetwork(
      egress: SpecNetwork.Egress(policy: policy(egress), allow: egress?["allow"]?.texts ?? []),
      ingress: SpecNetwork.Ingress(
        policy: policy(ingress),
        allow: (ingress?["allow"]?.items ?? []).map {
          SpecNetwork.IngressRule(from: $0["from"]?.text ?? "host", toPort: $0["to_port"]?.int)
        }),
      dnsOverrides: node?["dns_overrides"]?.environment ?? [:])
  }

  private static func policy(_ node: YAMLNode?) -> SpecNetwork.Policy {
    node?["default"]?.text.flatMap(SpecNetwork.Policy.init(rawValue:)) ?? .deny
  }

  static func audit(_ node: YAMLNode?) -> SpecAudit {
    let files = node?["file_system"]
    return SpecAudit(
      dbWrites: node?["db_writes"]?.bool ?? false, httpCalls: node?["http_calls"]?.bool ?? false,
      processSpawns: node?["process_spawns"]?.bool ?? false, stdoutCapture: node?["stdout_capture"]?.bool ?? false,
      watch: files?["watch"]?.texts ?? [],
      track: (files?["track"]?.texts ?? []).compactMap(SpecAudit.FileEvent.init(rawValue:)))
  }
}
