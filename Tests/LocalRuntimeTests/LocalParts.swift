import Glibc
import KeystoneKit
import SandboxHelper
import Testing

/// The isolations this machine offers; a test that needs another one is skipped by name.
enum TestIsolation: String, CaseIterable, CustomTestStringConvertible {
  case bubblewrap, none

  var testDescription: String { rawValue }
}

/// The real first process, built once if no build names it.
enum TestProgram {
  static let path: String = {
    if let folder = getenv("KEYSTONE_BIN") { return String(cString: folder) + "/keystone-sandbox-init" }
    let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let program = "/tmp/keystone-sandbox-init-\(getpid())"
    let line = """
      cc -std=c11 -O2 -D_GNU_SOURCE -static -I\(root)/Sources/CDigest/include \
      -I\(root)/Sources/CSandbox/include -o \(program) \
      \(root)/Sources/keystone-sandbox-init/*.c \(root)/Sources/CDigest/keystone_sha256.c
      """
    _ = system(line)
    atexit { unlink("/tmp/keystone-sandbox-init-\(getpid())") }
    return program
  }()
}

/// A folder for sandboxes that is removed with everything in it.
final class TestFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/keystone-local-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(path, 0o755)
  }

  deinit { _ = system("rm -rf \(path)") }
}

/// Runs `body` with a fresh sandbox and destroys it.
func withSandbox(
  _ wanted: TestIsolation, environment: [String: String] = [:], _ body: (LocalSandbox) async throws -> Void
) async throws {
  let folder = try TestFolder()
  let settings = LocalSettings(isolation: LocalSettings.Wanted(rawValue: wanted.rawValue) ?? .auto)
  let isolation = try await Isolation.resolve(settings)
  let request = SandboxRequest(
    id: "sb-\(UInt32.random(in: 0 ... .max))", instance: "test", folder: "\(folder.path)/sandbox", base: "",
    environment: environment)
  let sandbox = try await SandboxStart(
    request, isolation: isolation, program: TestProgram.path, cache: "\(folder.path)/cache"
  ).run()
  do {
    try await body(sandbox)
    try await sandbox.destroy()
  } catch {
    try? await sandbox.destroy()
    throw error
  }
  #expect(access("\(folder.path)/sandbox", F_OK) != 0)
}

/// Waits until `condition` holds, at most half a minute.
func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while !condition() {
    try #require(ContinuousClock.now < end, what)
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// What a command wrote and how it ended.
struct Ran {
  var status: CommandStatus
  var output: String
  var errorOutput: String
}

/// Collects what is written.
final class Collected: Sendable {
  private let bytes = Locked<[UInt8]>([])

  var output: ByteOutput { ByteOutput { [self] new in bytes.withLock { $0 += new } } }
  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
  var count: Int { bytes.withLock { $0.count } }
}

extension LocalSandbox {
  func run(_ command: Command, input: ByteInput? = nil) async throws -> Ran {
    let (output, errors) = (Collected(), Collected())
    let status = try await execute(
      command, streams: CommandStreams(input: input, output: output.output, errorOutput: errors.output))
    return Ran(status: status, output: output.text, errorOutput: errors.text)
  }

  func shell(_ line: String, timeout: Duration? = nil) async throws -> Ran {
    try await run(.shell(line, timeout: timeout))
  }

  func write(_ text: String, to path: SandboxPath) async throws {
    _ = try await write(path, mode: 0o644, area: .sandbox, from: ByteInput(Array(text.utf8)))
  }

  func text(of path: SandboxPath) async throws -> String {
    let collected = Collected()
    _ = try await read(path, offset: 0, limit: nil, to: collected.output)
    return collected.text
  }

  func tree() async throws -> [String: FileStatus] {
    var files: [String: FileStatus] = [:]
    try await hash(".") { files[$0.path.description] = $0 }
    return files
  }
}
