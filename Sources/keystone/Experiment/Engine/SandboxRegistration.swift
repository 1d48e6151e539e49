package import KeystoneSandbox

/// Enters the sandboxes of an experiment where the API finds them.
package struct SandboxRegistration: Sendable {
  /// The sandboxes of this process.
  package var directory: SandboxDirectory
  /// Whose they are.
  package var owner: String
  /// The workspace they belong to.
  package var workspace: String
  /// The experiment they are made for.
  package var experiment: String
  /// The Unix socket that serves the API for sandboxes.
  package var socket: String

  /// A registration.
  package init(directory: SandboxDirectory, owner: String, workspace: String, experiment: String, socket: String) {
    self.directory = directory
    self.owner = owner
    self.workspace = workspace
    self.experiment = experiment
    self.socket = socket
  }

  func enter(_ id: String, spec: String, scenario: String) -> HeldSandbox {
    let sandbox = HeldSandbox(
      .init(
        id: id, specID: spec, owner: owner, workspace: workspace, experiment: experiment, scenario: scenario,
        createdAt: UTCClock.now(), token: SandboxToken.random()))
    directory.enter(sandbox)
    return sandbox
  }

  func access(of sandbox: HeldSandbox) -> SandboxAccess { SandboxAccess(token: sandbox.facts.token, socket: socket) }

  /// Says that a sandbox is gone, and why if it never was there.
  func leave(_ sandbox: HeldSandbox?, because failure: String?, _ detail: StatusDetail? = nil) {
    guard let sandbox else { return }
    if let failure { sandbox.fail(failure, detail) } else { sandbox.becomeStopped() }
    directory.leave(sandbox)
  }
}
