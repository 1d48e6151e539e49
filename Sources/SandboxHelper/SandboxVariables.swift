/// The environment of a sandbox's commands, which begins empty.
package struct SandboxVariables: Sendable {
  /// What the runtime itself gives: PATH, HOME, USER, LANG and TZ.
  package var own: [String: String]
  /// What the request gives to every command.
  package var requested: [String: String]

  package init(home: String, user: String, requested: [String: String]) {
    own = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home,
      "USER": user, "LANG": "C.UTF-8", "TZ": "UTC",
    ]
    self.requested = requested
  }

  /// The variables of an image, with HOME and PATH where it has none.
  package init(image: [String: String], requested: [String: String]) {
    own = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
      "TZ": "UTC",
    ].merging(image) { _, image in image }
    self.requested = requested
  }

  /// The complete environment of a command, as `NAME=value`.
  package func list(adding variables: [String: String], isPristine: Bool) -> [String] {
    var all = own
    if !isPristine { all.merge(requested) { _, new in new } }
    all.merge(variables) { _, new in new }
    return all.map { "\($0.key)=\($0.value)" }
  }
}
