import Glibc
import KeystoneKit
import KeystoneSpec

/// The time that a sandbox's commands are told it is.
///
/// `keystone-clock.so` lies where only the host writes and is preloaded. Only the clock on the wall stands still: sleeps,
/// timeouts and the times of files go on.
struct FrozenClock {
  /// What commands get from now on.
  let variables: [String: String]
  /// What the result says of the clock.
  let description: String
  /// What a reader of the result must know, when it could not be frozen.
  let warning: String?

  private static let name = "keystone-clock.so"

  /// Freezes the clock of `sandbox` at `time` for the commands that come.
  static func freeze(_ time: Timestamp, in sandbox: LiveSandbox) async throws -> FrozenClock {
    let told = [
      "KEYSTONE_CLOCK": time.text, "KEYSTONE_CLOCK_SECONDS": "\(time.seconds)", "SOURCE_DATE_EPOCH": "\(time.seconds)",
    ]
    guard let library = try? await onPool({ try LocalFile(path).whole() }) else {
      return unfrozen(time, told, because: "\(path) is missing; build it with `make build`")
    }
    try await sandbox.write(SandboxPath(name), library, mode: 0o755, area: .protected)
    let preload = ["LD_PRELOAD": "\(sandbox.environment.protectedPath)/\(name)"]
    let probe = Command(["/bin/sh", "-c", "date -u +%s"], environment: told.merging(preload) { first, _ in first })
    let (_, output) = try await sandbox.run(probe, phase: "setup", budget: .seconds(10))
    guard output.split(separator: "\n").first.map(String.init) == "\(time.seconds)" else {
      return unfrozen(time, told, because: "\(name) cannot be loaded by the programs of this sandbox")
    }
    return FrozenClock(
      variables: told.merging(preload) { first, _ in first },
      description: "frozen at \(time.text) for every program that asks its C library", warning: nil)
  }

  private static func unfrozen(
    _ time: Timestamp, _ told: [String: String], because reason: String
  ) -> FrozenClock {
    FrozenClock(
      variables: told, description: "told as \(time.text) in KEYSTONE_CLOCK and SOURCE_DATE_EPOCH",
      warning: "The clock is frozen only for programs that read KEYSTONE_CLOCK or SOURCE_DATE_EPOCH: \(reason).")
  }

  /// Beside the executable.
  private static let path: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    let executable = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "\(executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)])/\(name)"
  }()
}

/// The variables with which common runtimes are made to choose the same every time.
enum SeedVariables {
  /// Python and Perl shuffle their tables by these; the last is a habit of programs.
  static func all(seed: Int64) -> [String: String] {
    let short = "\(UInt32(truncatingIfNeeded: seed))"
    return ["PYTHONHASHSEED": short, "PERL_HASH_SEED": short, "PERL_PERTURB_KEYS": "0", "RANDOM_SEED": short]
  }
}
