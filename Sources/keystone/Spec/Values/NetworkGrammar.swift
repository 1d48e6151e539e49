/// How hosts are written in network policies, for policies that stand in no spec.
public enum NetworkGrammar {
  /// Whether a text is a host as in `network.egress.allow`, such as `*.example.com` or `api.example.com:443`.
  public static func isHost(_ text: String) -> Bool { HostPattern.isValid(text, allowsGlob: true) }
}
