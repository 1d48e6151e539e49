import FoundationEssentials
import Glibc
import KeystoneKit
import Testing

/// A folder of one test with its specs, its home and the data of its engines; removed with this value.
///
/// Its name occurs nowhere else on the machine, so whatever mentions it belongs to this test.
final class Workspace: Sendable {
  let path: String
  /// The user that owns it and runs `keystone` in it; `nil` for the user of the tests.
  let user: uid_t?
  var data: String { "\(path)/data" }
  var home: String { "\(path)/home" }
  /// The ids of the sandboxes that lie there.
  var sandboxes: [String] { FileBytes.names(in: "\(data)/sandboxes").filter { !$0.hasPrefix(".") } }

  init(user: uid_t? = nil) throws {
    var template = Array("/tmp/keystone-eval-XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else { throw HarnessFailure("no temporary folder can be made in /tmp") }
    path = String(cString: name)
    self.user = user
    mkdir("\(path)/home", 0o755)
    chmod(path, 0o755)
    if let user { for folder in [path, "\(path)/home"] { chown(folder, user, user) } }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file in it, and its folders.
  @discardableResult func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
    let folder = ([path] + name.split(separator: "/").dropLast().map(String.init)).joined(separator: "/")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileBytes.write(Array(text.utf8), to: "\(path)/\(name)", mode: mode)
    return "\(path)/\(name)"
  }

  /// Writes a spec, as JSON, which is YAML too.
  @discardableResult func write(_ spec: EvalSpec, to name: String = "spec.yaml") throws -> String {
    try write(spec.json.pretty(), to: name)
  }

  /// What a file in it contains; `nil` when there is none.
  func read(_ name: String) -> String? { FileBytes.read("\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) } }

  private func environment(_ own: [String: String]) -> [String: String] {
    // An engine of this machine is not the tests': who wants one names it.
    let engines = ["DOCKER_HOST", "CONTAINER_HOST"].map { ($0, "unix:///nonexistent/engine.sock") }
    return Dictionary(engines + [("HOME", home), ("KEYSTONE_DATA_DIR", data)], uniquingKeysWith: { $1 }).merging(own) {
      $1
    }
  }

  private var prefix: [String] {
    user.map { ["/usr/bin/setpriv", "--reuid", "\($0)", "--regid", "\($0)", "--clear-groups"] } ?? []
  }

  /// Gives a new data folder what another engine has learnt of the built-in plugins, which takes half a second.
  private func warmUp() async {
    guard user == nil, !FileManager.default.fileExists(atPath: data) else { return }
    let warm = await Keystone.warmData.value
    guard mkdir(data, 0o700) == 0 else { return }
    try? FileManager.default.copyItem(atPath: "\(warm)/cache", toPath: "\(data)/cache")
  }

  /// Runs `keystone` with this folder as its current directory.
  func run(
    _ arguments: [String], environment own: [String: String] = [:], stdin: String = "",
    timeout: Duration = .seconds(60)
  ) async throws -> Outcome {
    await warmUp()
    let outcome = try await Keystone.run(
      arguments, environment: environment(own), stdin: stdin, in: path, prefix: prefix, timeout: timeout)
    #expect(!outcome.timedOut, "keystone \(arguments.joined(separator: " ")) did not end: \(outcome)")
    return outcome
  }

  /// Starts `keystone` with this folder as its current directory.
  func start(_ arguments: [String], environment own: [String: String] = [:]) async throws -> RunningProcess {
    await warmUp()
    return try await Keystone.start(arguments, environment: environment(own), in: path, prefix: prefix)
  }

  /// Starts a line for `sh -c` in this folder, with `keystone` on its PATH and further words as `$0` and so on.
  func shell(_ line: String, _ words: String...) throws -> RunningProcess {
    try RunningProcess(
      prefix + ["/usr/bin/env", "-C", path, "/bin/sh", "-c", line] + words,
      environment: environment(["PATH": "\(Keystone.folder):/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]),
      stdin: "", onEnd: {})
  }

  /// Runs `keystone eval run SPEC --format json`, reads its results, and expects that nothing is left behind.
  func evaluate(
    _ spec: EvalSpec, _ flags: [String] = [], environment: [String: String] = [:],
    timeout: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Evaluation {
    try await evaluate(
      file: write(spec), flags, environment: environment, timeout: timeout, sourceLocation: sourceLocation)
  }

  /// The same for a file.
  func evaluate(
    file: String, _ flags: [String] = [], environment: [String: String] = [:], timeout: Duration = .seconds(60),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Evaluation {
    let outcome = try await run(
      ["eval", "run", file, "--format", "json"] + flags, environment: environment, timeout: timeout)
    if !flags.contains("--keep-sandbox") { try await expectNothingLeft(sourceLocation: sourceLocation) }
    guard let results = try? JSONValue(parsing: outcome.stdout) else {
      throw HarnessFailure("`keystone eval run` printed no results: \(outcome)")
    }
    return Evaluation(outcome: outcome, results: results, workspace: self)
  }

  /// Expects that no process, no sandbox and no mount of this test's engines exist.
  func expectNothingLeft(
    within limit: Duration = .seconds(2), sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let isClean = try await eventually(within: limit) {
      sandboxes.isEmpty && Leftovers.mounts(mentioning: path).isEmpty && Leftovers.processes(mentioning: path).isEmpty
    }
    #expect(
      isClean,
      """
      left behind: sandboxes \(sandboxes), mounts \(Leftovers.mounts(mentioning: path)), \
      processes \(Leftovers.processes(mentioning: path))
      """, sourceLocation: sourceLocation)
  }
}
