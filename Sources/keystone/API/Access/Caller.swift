/// Who makes a request, and what of it they see.
package struct Caller: Sendable, Hashable {
  /// Whose resources these are: all keys of one owner see the same.
  package var owner: String
  /// The id of the workspace the request is about.
  package var workspace: String
  /// The id of the sandbox whose own token this is; `nil` for keys.
  package var sandbox: String?

  /// A caller.
  package init(owner: String, workspace: String, sandbox: String? = nil) {
    self.owner = owner
    self.workspace = workspace
    self.sandbox = sandbox
  }

  /// The owner of everything while there is one key only, and where authentication is off.
  package static let usualOwner = "default"

  /// Nobody: the caller of a route that is open.
  static let nobody = Caller(owner: "", workspace: "")
}
