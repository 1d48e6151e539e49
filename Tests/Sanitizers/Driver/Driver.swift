import Glibc
import KeystoneKit
import KeystonePluginHost

/// Drives plugins as hard as a host can, so that a sanitizer sees what a busy day would show.
///
///     sanitizer-driver FOLDER [--local-runtime] [--planted TYPE HOME]
///
/// FOLDER is a host's folder: test plugins, `builtins.json`, `keystone-plugin-host`, `keystone-sandbox-init`.
@main struct Driver {
  static func main() async {
    // A hang is a finding too; the scripts say so and print what there is.
    alarm(200)
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let folder = arguments.first else {
      print("usage: sanitizer-driver FOLDER [--local-runtime] [--planted TYPE HOME]")
      exit(2)
    }
    do {
      if let flag = arguments.firstIndex(of: "--planted"), arguments.count > flag + 2,
        let home = PluginHome(rawValue: arguments[flag + 2])
      {
        try await PlantedFault(type: arguments[flag + 1], folder: folder, home: home).run()
      } else {
        for home in PluginHome.allCases {
          try await timed("c_echo, \(home.rawValue)") { try await EchoTraffic(folder: folder, home: home).run() }
          try await timed("scenarios, \(home.rawValue)") {
            try await ScenarioTraffic(folder: folder, home: home, usesLocal: arguments.contains("--local-runtime"))
              .run()
          }
        }
      }
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }

  private static func timed(_ name: String, _ body: @Sendable () async throws -> String) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    let figures = try await body()
    print("\(name): \(start.duration(to: clock.now)), \(figures)")
  }
}

/// What the driver expected and did not find.
struct Unexpected: Error, CustomStringConvertible {
  var description: String

  /// Throws unless `condition` holds.
  static func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Unexpected(description: text()) }
  }
}

/// How the calls of one kind of traffic ended.
final class Tally: Sendable {
  private let counts = Locked<[String: Int]>([:])

  func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }

  /// Counts how a call ends that may end in any of the ways a host has to expect.
  func outcome(_ call: OutgoingCall) async throws {
    do {
      _ = try await call.result()
      count("ok")
    } catch let error as PluginError {
      let isExpected = [.cancelled, .deadline, .unavailable].contains(error.code)
      try Unexpected.check(isExpected, "a call ended with \(error.code): \(error)")
      count(error.code.description)
    }
  }

  var text: String {
    counts.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
  }
}
