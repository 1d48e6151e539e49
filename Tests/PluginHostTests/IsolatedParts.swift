import Foundation
import KeystoneKit
import Synchronization
import Testing

@testable import KeystonePluginHost

/// The C programs these tests run, compiled once into a folder of this test run.
enum IsolatedParts {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private static let folder = FileManager.default.temporaryDirectory
    .appending(path: "keystone-isolated-\(ProcessInfo.processInfo.processIdentifier)").path

  private static let compiled = Mutex<[String: String]>([:])

  /// The program `keystone-plugin-host`.
  static func helper() throws -> String {
    let sources = try FileManager.default.contentsOfDirectory(atPath: "\(root)/Sources/keystone-plugin-host")
    let files = sources.filter { $0.hasSuffix(".c") }.sorted().map { "\(root)/Sources/keystone-plugin-host/\($0)" }
    // As the Makefile does it.
    return try compile(
      "keystone-plugin-host", ["-D_GNU_SOURCE", "-pthread"] + files + ["-ldl", "-Wl,--export-dynamic"])
  }

  /// The shared library made from `Tests/Plugins/<name>/<name>.c`.
  static func plugin(_ name: String) throws -> String {
    try compile("\(name).so", sharedLibrary + ["\(root)/Tests/Plugins/\(name)/\(name).c"])
  }

  /// A shared library made from C text.
  static func library(_ name: String, source: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try source.write(toFile: "\(folder)/\(name).c", atomically: true, encoding: .utf8)
    return try compile("\(name).so", sharedLibrary + ["\(folder)/\(name).c"])
  }

  /// An empty folder of its own.
  static func emptyFolder() throws -> String {
    let path = "\(folder)/\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private static var sharedLibrary: [String] {
    ["-shared", "-fPIC", "-fvisibility=hidden", "-I\(root)/Sources/CKeystonePlugin/include"]
  }

  private static func compile(_ name: String, _ arguments: [String]) throws -> String {
    try compiled.withLock { compiled in
      if let path = compiled[name] { return path }
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let path = "\(folder)/\(name)"
      let compiler = Process()
      compiler.executableURL = URL(filePath: "/usr/bin/env")
      compiler.arguments = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path] + arguments
      try compiler.run()
      compiler.waitUntilExit()
      try #require(compiler.terminationStatus == 0, "cc could not compile \(name)")
      compiled[name] = path
      return path
    }
  }
}

/// Starts a C plugin of `Tests/Plugins`, serving its calls with `incoming`.
func startIsolated(
  _ name: String, confinement: Confinement? = nil, concurrency: Int = 1,
  incoming: @escaping PeerSession.Handler = { _ in Array("{}".utf8) },
  onEnd: @escaping @Sendable (PluginDeath) -> Void = { _ in }
) async throws -> IsolatedPlugin {
  try await IsolatedPlugin.start(
    file: IsolatedParts.plugin(name), label: "\(name) 1.0.0", helper: IsolatedParts.helper(), confinement: confinement,
    concurrency: concurrency, incoming: incoming, onEnd: onEnd)
}

extension IsolatedPlugin {
  /// Calls `method` with JSON text and answers with JSON text.
  func text(_ method: String, _ body: String = "{}", budget: Duration? = nil) async throws -> String {
    String(decoding: try await session.call(method, Array(body.utf8), budget: budget), as: UTF8.self)
  }

  /// The error that `method` ends with.
  func error(_ method: String, _ body: String = "{}", budget: Duration? = nil) async throws -> PluginError {
    try await #require(throws: PluginError.self) { try await self.text(method, body, budget: budget) }
  }
}

/// Waits until `condition` holds, at most half a minute.
func eventually(_ condition: () -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while !condition() {
    try #require(ContinuousClock.now < end, "the condition did not come true")
    try await Task.sleep(for: .milliseconds(2))
  }
}
