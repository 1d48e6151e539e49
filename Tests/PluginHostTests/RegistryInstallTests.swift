import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// Installed plugins: what is recorded, what is loaded, what is refused.
@Suite struct RegistryInstallTests {
  private func installed(_ file: String, in parts: RegistryParts) async throws -> PluginInstaller.Candidate {
    let installer = PluginInstaller(parts.installation)
    let candidate = try await installer.examine(file)
    try installer.install(candidate)
    return candidate
  }

  @Test func installedPluginInPlainCRunsConfinedFromItsCopy() async throws {
    let parts = try RegistryParts()
    let candidate = try await installed(IsolatedParts.plugin("c_lines_at_most"), in: parts)
    #expect(candidate.descriptor.name == "c")
    let registry = await parts.open()
    let plugin = try #require(registry.plugins.first)
    #expect(plugin.home == .isolated && !plugin.isBuiltin && registry.refusals == [])
    #expect(plugin.file == "\(parts.installation.dataFolder)/plugins/\(candidate.digest).so")
    let reason = try await registry.reason("lines_at_most", ["path": "a.txt", "max": 3], services: TwoLines())
    #expect(reason == "2 lines, at most 3 allowed")
    await registry.shutdown()
  }

  @Test func installedSwiftPluginTypedBothWays() async throws {
    let parts = try RegistryParts()
    _ = try await installed(RegistryParts.echoFile(), in: parts)
    let registry = await parts.open()
    #expect(try await registry.reason("test-echo/echo", ["text": "ab", "times": 3]) == "ababab")
    #expect(try await registry.reason("ask_host", ["path": "f"], services: TwoLines()) == "one\ntwo\n")
    let error = try await registry.failure("echo", ["text": "a", "times": 0])
    #expect(error.code == .invalid)
    await registry.shutdown()
  }

  @Test func changedCopyIsRefused() async throws {
    let parts = try RegistryParts()
    let candidate = try await installed(IsolatedParts.plugin("c_lines_at_most"), in: parts)
    let copy = "\(parts.installation.plugins.path)/\(candidate.digest).so"
    try FileManager.default.removeItem(atPath: copy)
    try FileManager.default.copyItem(atPath: IsolatedParts.plugin("c_echo"), toPath: copy)
    let registry = await parts.open()
    let reason = try #require(registry.refusals.first?.reason)
    #expect(reason.contains("was changed after it was installed") && reason.contains("keystone plugin install"))
    #expect(registry.explanation(.invariant, "lines_at_most")?.contains(reason) == true)
  }

  @Test func folderThatOthersMayWriteToIsRefused() async throws {
    let parts = try RegistryParts.echo()
    _ = try await installed(IsolatedParts.plugin("c_lines_at_most"), in: parts)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: parts.installation.plugins.path)
    let registry = await parts.open()
    #expect(registry.plugins.map(\.descriptor.name) == ["test-echo"])
    #expect(registry.refusals.first?.reason.contains("chmod go-w") == true)
  }

  @Test func morePermissionsThanAgreedToAreRefused() async throws {
    let parts = try RegistryParts()
    let file = try RegistryParts.library(
      "greedy", name: "greedy", permissions: "{\"network\": true, \"paths\": [\"/srv:rw\"]}")
    let candidate = try await installed(file, in: parts)
    #expect(candidate.descriptor.permissions.words == ["open network connections of its own", "read and write /srv"])
    #expect(await parts.open().plugins.count == 1)
    try PluginRecords.change(in: parts.installation.plugins) { $0["greedy"].permissions.network = false }
    let reason = try #require(await parts.open().refusals.first?.reason)
    #expect(
      reason.contains("asks for more than was agreed to") && reason.hasSuffix("run `keystone plugin install` again"))
  }

  @Test func disabledAndRemovedPluginsAreGone() async throws {
    let parts = try RegistryParts.echo()
    let installer = PluginInstaller(parts.installation)
    let candidate = try await installed(IsolatedParts.plugin("c_lines_at_most"), in: parts)
    try installer.setEnabled(false, "c", in: await parts.open())
    try installer.setEnabled(false, "test-echo", in: await parts.open())
    var registry = await parts.open()
    #expect(registry.plugins.isEmpty && registry.refusals == [])
    #expect(registry.explanation(.invariant, "lines_at_most")?.contains("keystone plugin enable c") == true)
    #expect(registry.explanation(.invariant, "echo")?.contains("keystone plugin enable test-echo") == true)
    try installer.setEnabled(true, "test-echo", in: registry)
    try installer.remove("c")
    registry = await parts.open()
    #expect(registry.plugins.map(\.descriptor.name) == ["test-echo"])
    #expect(!FileManager.default.fileExists(atPath: "\(parts.installation.plugins.path)/\(candidate.digest).so"))
    #expect(throws: PluginError.self) { try installer.remove("c") }
    #expect(throws: PluginError.self) { try installer.remove("test-echo") }
  }

  @Test func unreadableRecordsCostOnlyInstalledPlugins() async throws {
    let parts = try RegistryParts.echo()
    _ = try await installed(IsolatedParts.plugin("c_lines_at_most"), in: parts)
    try "{".write(toFile: "\(parts.installation.plugins.path)/plugins.json", atomically: true, encoding: .utf8)
    let registry = await parts.open()
    #expect(registry.plugins.map(\.descriptor.name) == ["test-echo"])
    #expect(registry.refusals.first?.reason.contains("plugins.json cannot be read") == true)
  }

  @Test func brokenFileLeavesNothingBehind() async throws {
    let parts = try RegistryParts()
    let file = try BrokenPlugin.file("no_symbol")
    let error = await #expect(throws: PluginError.self) {
      _ = try await PluginInstaller(parts.installation).examine(file)
    }
    #expect(error?.message.contains("keystone_plugin_1") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: parts.installation.plugins.path) == [])
  }
}

/// A host whose every file holds two lines.
struct TwoLines: HostServiceHandler {
  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    guard service == "read" else { throw PluginError(.unsupported, "no \(service) here") }
    let output = call.output(1)
    try await output.write(Array("one\ntwo\n".utf8))
    output.end()
    return Array("{}".utf8)
  }
}
