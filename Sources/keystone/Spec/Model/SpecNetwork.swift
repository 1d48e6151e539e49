/// What may be reached over the network.
public struct SpecNetwork: Sendable, Hashable {
  /// What happens to traffic that no entry of a list names.
  public enum Policy: String, Sendable, Hashable {
    /// It passes.
    case allow
    /// It is refused.
    case deny
  }

  /// Traffic that leaves the sandbox: the policy, and the hosts that are allowed besides.
  public struct Egress: Sendable, Hashable {
    /// The policy for hosts that `allow` does not name.
    public var policy = Policy.deny
    /// Host names, globs such as `*.example.com`, and either with a port.
    public var allow: [String] = []
  }

  /// Traffic that enters the sandbox.
  public struct Ingress: Sendable, Hashable {
    /// The policy for traffic that `allow` does not name.
    public var policy = Policy.deny
    /// The ports that the caller's machine may reach.
    public var allow: [IngressRule] = []
  }

  /// One way into the sandbox.
  public struct IngressRule: Sendable, Hashable {
    /// Who may come in; `host` is the only one there is.
    public var from: String
    /// The port in the sandbox; `nil` means all.
    public var toPort: Int?
  }

  /// What may leave.
  public var egress = Egress()
  /// What may enter.
  public var ingress = Ingress()
  /// Host names and the names they lead to instead.
  public var dnsOverrides: [String: String] = [:]
}

/// What is recorded beyond what rules ask for.
public struct SpecAudit: Sendable, Hashable {
  /// What may be recorded about a file.
  public enum FileEvent: String, Sendable, Hashable {
    /// It was written.
    case writes
    /// It was read.
    case reads
    /// It was deleted.
    case deletes
  }

  /// Whether writes to databases are recorded.
  public var dbWrites = false
  /// Whether outgoing HTTP requests are recorded.
  public var httpCalls = false
  /// Whether new processes are recorded.
  public var processSpawns = false
  /// Whether standard output is recorded.
  public var stdoutCapture = false
  /// The folders whose files are watched.
  public var watch: [String] = []
  /// What is recorded about the watched files.
  public var track: [FileEvent] = []
}
