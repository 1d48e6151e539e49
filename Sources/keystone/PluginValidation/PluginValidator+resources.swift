import Glibc
import KeystoneKit
import KeystonePluginHost
import KeystoneTestKit

extension PluginValidator {
  /// How many calls are made before memory is looked at, and again before it is compared.
  private static let rounds = 150
  /// What an allocator may keep for itself.
  private static let slack = 4 << 20

  /// Memory of a type that does one piece of work per call; a runtime's sandboxes are another matter.
  func resources(of type: TypeDescriptor, _ descriptor: PluginDescriptor) async -> ConformanceReport? {
    guard type.point != .runtime else { return nil }
    let sample = samples[type.type] ?? SchemaSample.value(type.parameters) ?? [:]
    return await ConformanceReport.of(
      "\(type.point.rawValue) \(type.type), memory",
      [
        ("it gives back what it took: \(2 * Self.rounds) calls", { try await leak(type, sample, descriptor) }),
        ("it answers with 256 MiB of memory", { try await pressure(type, sample, descriptor) }),
      ])
  }

  private func leak(_ type: TypeDescriptor, _ sample: JSONValue, _ descriptor: PluginDescriptor) async throws {
    let subject = PluginProcess(self, descriptor)
    let host = try await TestHost()
    for _ in 0..<Self.rounds { try await work(type, sample, subject, host) }
    let before = ResidentMemory.of(treeBelow: try await subject.running().processID)
    for _ in 0..<Self.rounds { try await work(type, sample, subject, host) }
    let after = ResidentMemory.of(treeBelow: try await subject.running().processID)
    await subject.stop()
    guard before > 0 else { throw PluginError(.unavailable, "its memory cannot be measured: is /proc there?") }
    guard after - before < Self.slack else {
      throw PluginError(
        .internal,
        "its memory grew from \(before >> 10) to \(after >> 10) KiB over \(Self.rounds) calls: look for what it keeps")
    }
  }

  private func pressure(_ type: TypeDescriptor, _ sample: JSONValue, _ descriptor: PluginDescriptor) async throws {
    let subject = PluginProcess(self, descriptor, limits: ["data": 256 << 20])
    let host = try await TestHost()
    for _ in 0..<20 { try await work(type, sample, subject, host) }
    guard try await subject.running().death == nil else { throw PluginError(.internal, "it died") }
    await subject.stop()
  }

  /// One call, which may end with an error of the plugin's own.
  private func work(
    _ type: TypeDescriptor, _ sample: JSONValue, _ subject: PluginProcess, _ host: TestHost
  ) async throws {
    let process = try await subject.running()
    do {
      _ = try await subject.plugin.work(type, sample, on: host)
    } catch let error as PluginError {
      guard process.death == nil, process.session.isOpen, error.code != .deadline else { throw error }
    }
  }
}

/// Memory that processes have, from `/proc`.
enum ResidentMemory {
  /// The resident memory of a process and all its descendants, in bytes.
  static func of(treeBelow pid: Int32) -> Int {
    own(pid) + children(of: pid).reduce(0) { $0 + of(treeBelow: $1) }
  }

  private static func children(of pid: Int32) -> [Int32] {
    text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { Int32($0) }
  }

  private static func own(_ pid: Int32) -> Int {
    let line = text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
  }

  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}
