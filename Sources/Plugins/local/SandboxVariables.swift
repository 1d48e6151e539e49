/// The environment of a sandbox's commands, which begins empty.
struct SandboxVariables: Sendable {
  /// What the runtime itself gives: PATH, HOME, USER, LANG and TZ.
  var own: [String: String]
  /// What the request gives to every command.
  var requested: [String: String]

  init(home: String, requested: [String: String]) {
    own = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home,
      "USER": SandboxUser.name, "LANG": "C.UTF-8", "TZ": "UTC",
    ]
    self.requested = requested
  }

  /// The complete environment of a command, as `NAME=value`.
  func list(adding variables: [String: String], isPristine: Bool) -> [String] {
    var all = own
    if !isPristine { all.merge(requested) { _, new in new } }
    all.merge(variables) { _, new in new }
    return all.map { "\($0.key)=\($0.value)" }
  }
}
