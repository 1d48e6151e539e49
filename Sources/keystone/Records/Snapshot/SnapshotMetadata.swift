public import KeystoneKit
internal import KeystoneSpec

/// What a client says of an agent snapshot (http-api 10.1).
public struct SnapshotMetadata: Sendable, Hashable {
  /// The agent's name.
  public var name: String
  /// The command that runs it, in exec form.
  public var entrypoint: [String]
  /// A hint for what it needs, such as `python3`.
  public var runtime: String?
  /// A label.
  public var tag: String?
  /// What it needs to log in somewhere: `required_env`, `config_files`, `egress`.
  public var auth: [String: JSONValue]?

  /// Reads the form field `metadata`.
  ///
  /// - Throws: ``InvalidRecord`` that names what is wrong.
  public init(_ value: JSONValue) throws(InvalidRecord) {
    guard let name = value["name"]?.string, !name.isEmpty, !name.contains("/") else {
      throw InvalidRecord("`metadata.name` must be a name without slashes")
    }
    guard let words = value["entrypoint"]?.array, !words.isEmpty, words.allSatisfy({ $0.string?.isEmpty == false })
    else { throw InvalidRecord("`metadata.entrypoint` must be a list of texts such as [\"python3\", \"agent.py\"]") }
    self.name = name
    entrypoint = words.compactMap(\.string)
    runtime = try Self.text("runtime", value)
    tag = try Self.text("tag", value)
    if let auth = value["auth"], auth != .null {
      guard let members = auth.object else { throw InvalidRecord("`metadata.auth` must be an object") }
      self.auth = members
    }
    try checkAuth()
  }

  private static func text(_ name: String, _ value: JSONValue) throws(InvalidRecord) -> String? {
    guard let member = value[name], member != .null else { return nil }
    guard let text = member.string else { throw InvalidRecord("`metadata.\(name)` must be text") }
    return text.isEmpty ? nil : text
  }

  private func checkAuth() throws(InvalidRecord) {
    let variables = auth?["required_env"] ?? .array([])
    guard variables == .null || variables.array?.allSatisfy({ $0.string != nil }) == true else {
      throw InvalidRecord("`metadata.auth.required_env` must be a list of texts")
    }
    let files = auth?["config_files"] ?? .array([])
    let isList = files.array?.allSatisfy { $0["path"]?.string != nil && $0["template"]?.string != nil }
    guard files == .null || isList == true else {
      throw InvalidRecord("`metadata.auth.config_files` must be a list of {path, template}")
    }
    try checkEgress()
  }

  private func checkEgress() throws(InvalidRecord) {
    guard let egress = auth?["egress"], egress != .null else { return }
    guard let lists = egress.object?.values.map(\.array) else {
      throw InvalidRecord("`metadata.auth.egress` must be an object of lists of hosts")
    }
    for list in lists {
      guard let hosts = list, hosts.allSatisfy({ $0.string.map(NetworkGrammar.isHost) == true }) else {
        throw InvalidRecord("`metadata.auth.egress` must be an object of lists of hosts, such as [\"api.example.com\"]")
      }
    }
  }

  /// What is kept of it, without name and tag.
  public var body: [String: JSONValue] {
    var members: [String: JSONValue] = ["entrypoint": .array(entrypoint.map { .string($0) })]
    members["runtime"] = runtime.map { .string($0) }
    members["auth"] = auth.map { .object($0) }
    return members
  }
}
