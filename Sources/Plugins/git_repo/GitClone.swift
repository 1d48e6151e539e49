import Glibc
import KeystoneKit
import Subprocess

/// One clone in a folder of its own on the host.
struct GitClone {
  /// Variables of the host that git gets to see: proxies, certificates, and the agent that holds ssh keys.
  static let inherited = [
    "PATH", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "SSH_AUTH_SOCK",
  ]

  private let address: GitAddress
  private let folder: String
  private let environment: [Environment.Key: String]

  private var tree: String { folder + "/tree" }

  /// Prepares a clone.
  ///
  /// - Parameters:
  ///   - address: What is cloned.
  ///   - folder: An empty folder.
  ///   - allowsLocalFiles: Whether the caller's files and ssh keys may be used.
  /// - Throws: ``PluginError`` when the folder cannot be written to.
  init(_ address: GitAddress, in folder: String, allowsLocalFiles: Bool) throws {
    self.address = address
    self.folder = folder
    let configuration = folder + "/gitconfig"
    try write(Self.configuration, to: configuration)
    var variables = [
      "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": configuration, "GIT_TERMINAL_PROMPT": "0",
      "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C.UTF-8",
      "GIT_ALLOW_PROTOCOL": allowsLocalFiles ? "https:ssh:file" : "https:ssh",
      "GIT_SSH_COMMAND": Self.ssh(usesKeys: allowsLocalFiles),
    ]
    for name in Self.inherited where allowsLocalFiles || name != "SSH_AUTH_SOCK" {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    environment = Dictionary(variables.map { (Environment.Key(stringLiteral: $0), $1) }) { first, _ in first }
  }

  /// Nothing that a repository or a machine's configuration could make git run.
  private static let configuration = """
    [core]
      hooksPath = /dev/null
      fsmonitor = false
      askPass = /bin/false
    [credential]
      helper =
    [init]
      templateDir =
    [submodule]
      recurse = false
    [safe]
      directory = *
    [advice]
      detachedHead = false

    """

  /// The keys of a daemon are not for the specs of strangers.
  private static func ssh(usesKeys: Bool) -> String {
    let options = "-oBatchMode=yes -oStrictHostKeyChecking=accept-new -oClearAllForwardings=yes"
    return usesKeys ? "ssh \(options)" : "ssh -F /dev/null \(options) -oIdentityAgent=none -oIdentityFile=/dev/null"
  }

  /// Fetches the repository and checks `branch` out.
  func run(branch: String?, depth: Int?) async throws {
    let history = depth.map { ["--depth", String($0)] } ?? []
    if let branch, Self.isCommit(branch) {
      try await fetch(commit: branch, history)
    } else {
      let choice = branch.map { ["--branch", $0] } ?? []
      try await git(
        ["clone", "--quiet", "--no-local", "--no-recurse-submodules"] + history + choice + ["--", address.text, tree])
    }
    if address.credentials != nil { try await inTree("remote", "set-url", "origin", address.shown) }
  }

  /// Packs what was cloned and answers the archive's path.
  func archive() async throws -> String {
    let file = folder + "/tree.tar"
    try await program("tar", ["-C", tree, "-cf", file, "."])
    return file
  }

  private static func isCommit(_ name: String) -> Bool {
    [40, 64].contains(name.utf8.count) && name.allSatisfy(\.isHexDigit)
  }

  private func fetch(commit: String, _ history: [String]) async throws {
    try await git(["init", "--quiet", tree])
    try await inTree("remote", "add", "origin", address.text)
    do {
      try await git(["-C", tree, "fetch", "--quiet"] + history + ["origin", commit])
    } catch let error as PluginError where error.code == .unavailable {
      // Not every server hands out a commit by its id; then everything is fetched.
      try await inTree("fetch", "--quiet", "--tags", "origin")
    }
    try await inTree("checkout", "--quiet", "--detach", commit)
  }

  private func inTree(_ arguments: String...) async throws { try await git(["-C", tree] + arguments) }

  private func git(_ arguments: [String]) async throws { try await program("git", arguments) }

  private func program(_ name: String, _ arguments: [String]) async throws {
    var options = PlatformOptions()
    // A session of its own, so that the helpers git starts end with it when the task is cancelled.
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100)),
    ]
    do {
      let result = try await Subprocess.run(
        .name(name), arguments: Arguments(arguments), environment: .custom(environment), platformOptions: options,
        output: .discarded, error: .string(limit: 1 << 20))
      try Task.checkCancellation()
      guard result.terminationStatus.isSuccess else { throw failure(of: name, result.standardError) }
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw PluginError(.unavailable, "fixture `git_repo` needs `\(name)` on the host; install it")
    }
  }

  private func failure(of name: String, _ errors: String) -> PluginError {
    let text = address.credentials.map { errors.replacing($0, with: "***") } ?? errors
    let lines = text.split(separator: "\n").suffix(3).joined(separator: " ⏎ ")
    return PluginError(
      .unavailable, "fixture `git_repo`: `\(name)` could not clone \(address.shown): \(lines)", detail: text,
      retryable: true)
  }
}
