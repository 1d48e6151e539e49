import FoundationEssentials
import Glibc
import KeystoneKit

/// The `keystone` executable under test: the one in the folder `KEYSTONE_BIN`, else in this package's debug build.
enum Keystone {
  static let folder: String = {
    let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let folder = getenv("KEYSTONE_BIN").map { String(cString: $0) } ?? "/\(package)/.build/debug"
    // As the executable names its own folder: without links.
    guard let resolved = realpath(folder, nil) else { return folder }
    defer { free(resolved) }
    return String(cString: resolved)
  }()

  static var executable: String { "\(folder)/keystone" }

  /// A machine has room for so many engines at a time; timeouts would otherwise measure the load.
  private static let turns = Turns(limit: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 1)

  /// A data folder whose engine has already looked into every built-in plugin, made once per run of the tests.
  static let warmData = Task {
    let folder = "/tmp/keystone-eval-warm-\(getpid())"
    atexit { try? FileManager.default.removeItem(atPath: "/tmp/keystone-eval-warm-\(getpid())") }
    _ = try? await run(["plugin", "list"], environment: ["KEYSTONE_DATA_DIR": folder])
    return folder
  }

  /// Runs the executable to its end; after `timeout` its process group is killed, which the outcome says.
  ///
  /// `environment` is the whole environment besides PATH and LANG, and `prefix` a command that it is started with,
  /// such as `setpriv`.
  static func run(
    _ arguments: [String], environment: [String: String], stdin: String = "", in folder: String = "/",
    prefix: [String] = [], timeout: Duration = .seconds(60)
  ) async throws -> Outcome {
    let process = try await start(arguments, environment: environment, stdin: stdin, in: folder, prefix: prefix)
    return await process.outcome(within: timeout)
  }

  /// Starts the executable in a process group of its own.
  static func start(
    _ arguments: [String], environment: [String: String], stdin: String = "", in folder: String = "/",
    prefix: [String] = []
  ) async throws -> RunningProcess {
    await turns.take()
    do {
      return try RunningProcess(
        prefix + ["/usr/bin/env", "-C", folder, executable] + arguments,
        environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"].merging(environment) { $1 },
        stdin: stdin, onEnd: { turns.give() })
    } catch {
      turns.give()
      throw error
    }
  }
}

/// How a process ended and what it wrote.
struct Outcome: Sendable {
  var exitCode: Int32?
  var signal: Int32?
  var stdout: String
  var stderr: String
  var duration: Duration
  /// The most memory the process had, in bytes.
  var peakMemory = 0
  /// Whether it was killed because it took too long.
  var timedOut = false
}

extension Outcome: CustomStringConvertible {
  var description: String {
    let end = exitCode.map { "exit code \($0)" } ?? "signal \(signal ?? 0)\(timedOut ? " after its timeout" : "")"
    return "\(end) after \(duration)\n--- stdout\n\(stdout.prefix(4_000))\n--- stderr\n\(stderr.suffix(4_000))"
  }
}
