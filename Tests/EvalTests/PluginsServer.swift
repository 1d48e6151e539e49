import Glibc
import KeystoneKit
import Testing

/// A web server in Python on loopback, in a process that ends with this value.
final class PluginsServer: Sendable {
  /// What a scripted server answers.
  enum Answer {
    /// What a model says, in the wire format it was asked in.
    case text(String)
    /// A body as it is.
    case body(String, status: Int = 200)
    /// Nothing, for ever.
    case hang
  }

  let port: Int
  private let process: pid_t
  private let leash: Int32
  private let journal: String

  /// `Tests/Servers/scripted.py`, which answers in this order and goes on with the last.
  static func scripted(_ answers: [Answer]) throws -> PluginsServer {
    // Not in a test's own folder, all of whose users must have ended when a run has.
    var template = Array("/tmp/keystone-requests-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw HarnessFailure("no temporary file can be made in /tmp") }
    close(descriptor)
    let journal = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let script = JSONValue.array(answers.map(\.json)).text
    return try PluginsServer("\(Checkout.folder)/Tests/Servers/scripted.py", [journal, script], journal: journal)
  }

  /// `Tests/Specs/servers/model.py`, which the specs beside it talk to.
  static func model() throws -> PluginsServer {
    try PluginsServer("\(Checkout.folder)/Tests/Specs/servers/model.py", [], journal: "")
  }

  private init(_ script: String, _ arguments: [String], journal: String) throws {
    var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &input) == 0, socketpair(AF_UNIX, kind, 0, &output) == 0 else {
      throw HarnessFailure("no pair of sockets can be made")
    }
    defer { for descriptor in [input[0], output[0], output[1]] { close(descriptor) } }
    process = try Self.spawn(["python3", script] + arguments, input: input[0], output: output[1])
    leash = input[1]
    self.journal = journal
    // With its own end closed, a server that dies at once ends this reading.
    close(output[1])
    output[1] = -1
    var line = ""
    var byte: UInt8 = 0
    while read(output[0], &byte, 1) == 1, byte != 10 { line.append(Character(UnicodeScalar(byte))) }
    guard let port = Int(line) else { throw HarnessFailure("\(script) named no port") }
    self.port = port
  }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    close(leash)
    unlink(journal)
  }

  /// The server's address.
  var base: String { "http://127.0.0.1:\(port)" }

  /// What it was asked so far: `method`, `path`, `headers` with lower-case names, and `body`.
  var requests: [JSONValue] {
    String(decoding: FileBytes.read(journal) ?? [], as: UTF8.self).split(separator: "\n").compactMap {
      try? JSONValue(parsing: String($0))
    }
  }

  private static func spawn(_ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    var words = arguments.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, arguments[0], &actions, nil, &words, environ)
    guard status == 0 else { throw HarnessFailure("\(arguments[0]) cannot be started: error \(status)") }
    return pid
  }
}

extension PluginsServer.Answer {
  fileprivate var json: JSONValue {
    switch self {
    case .text(let text): ["text": .string(text)]
    case .body(let body, let status): ["body": .string(body), "status": .integer(Int64(status))]
    case .hang: ["hang": true]
    }
  }
}
