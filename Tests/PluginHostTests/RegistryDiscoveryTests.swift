import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// What a host finds, what it refuses, and what it says about it.
@Suite struct RegistryDiscoveryTests {
  @Test func builtinsAreFoundWithoutLoadingThem() async throws {
    let parts = try RegistryParts.echo()
    let registry = await parts.open()
    #expect(registry.refusals == [])
    let plugin = try #require(registry.plugins.first)
    #expect(plugin.descriptor.name == "test-echo" && plugin.isBuiltin && plugin.home == .inProcess)
    #expect(
      registry.types.map(\.qualifiedName) == [
        "test-echo/echo", "test-echo/ask_host", "test-echo/told", "test-echo/tool_calls_at_most",
        "test-echo/misbehave",
      ])
    #expect(registry.type(.invariant, "echo")?.file == plugin.file)
    #expect(registry.type(.agent, "echo") == nil)
    #expect(registry.counters.starts == 0)
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    #expect(!maps.contains(plugin.file))
  }

  @Test func secondStartAsksNobody() async throws {
    let parts = try RegistryParts.echo()
    let first = await parts.open()
    try FileManager.default.removeItem(atPath: parts.installation.pluginHost)
    let second = await parts.open()
    #expect(second.refusals == [])
    #expect(second.plugins.map(\.descriptor) == first.plugins.map(\.descriptor))
    let digest = try #require(first.plugins.first?.digest)
    let cached = "\(parts.installation.dataFolder)/cache/descriptors/\(digest).json"
    let rights = try FileManager.default.attributesOfItem(atPath: cached)[.posixPermissions] as? Int
    #expect(rights == 0o600)
  }

  @Test func unlistedFileIsIgnored() async throws {
    let parts = try RegistryParts.echo()
    let folder = parts.installation.builtinsFolder
    try FileManager.default.copyItem(
      atPath: IsolatedParts.plugin("c_lines_at_most"), toPath: "\(folder)/libkeystone_c.so")
    let registry = await parts.open()
    #expect(registry.refusals == [] && registry.plugins.count == 1)
  }

  @Test func missingBuiltinTakesItsTypesWithItAndIsExplained() async throws {
    let parts = try RegistryParts([
      "libkeystone_c.so": IsolatedParts.plugin("c_lines_at_most"), "libTestPlugin_echo.so": RegistryParts.echoFile(),
    ])
    #expect(await parts.open().type(.invariant, "lines_at_most") != nil)
    try FileManager.default.removeItem(atPath: "\(parts.installation.builtinsFolder)/libkeystone_c.so")
    let registry = await parts.open()
    #expect(registry.refusals == [] && registry.type(.invariant, "lines_at_most") == nil)
    #expect(registry.type(.invariant, "echo") != nil)
    let reason = try #require(registry.explanation(.invariant, "lines_at_most"))
    #expect(reason.contains("libkeystone_c.so, which is missing") && reason.contains("make install"))
    #expect(registry.explanation(.agent, "lines_at_most") == nil && registry.explanation(.invariant, "echo") == nil)
  }

  @Test func neverSeenBuiltinIsExplainedByItsFileName() async throws {
    let parts = try RegistryParts(listed: ["libkeystone_file_exists.so": String(repeating: "a", count: 64)])
    let reason = try #require(await parts.open().explanation(.invariant, "file_exists"))
    #expect(reason.hasPrefix("type `file_exists` comes from libkeystone_file_exists.so, which is missing"))
  }

  @Test func wrongDigestIsRefusedAndTheOthersLoad() async throws {
    let parts = try RegistryParts(
      ["libkeystone_c.so": IsolatedParts.plugin("c_lines_at_most"), "libTestPlugin_echo.so": RegistryParts.echoFile()],
      listed: ["libkeystone_c.so": String(repeating: "0", count: 64)])
    let registry = await parts.open()
    #expect(registry.plugins.map(\.descriptor.name) == ["test-echo"])
    let reason = try #require(registry.refusals.first?.reason)
    #expect(reason.contains("libkeystone_c.so is not the file that the host was built with"))
    #expect(reason.contains("make install") && registry.counters.refusals == 1)
  }

  @Test func changedFileIsSeenAtTheNextStart() async throws {
    let parts = try RegistryParts.echo()
    _ = await parts.open()
    let file = "\(parts.installation.builtinsFolder)/libTestPlugin_echo.so"
    let handle = try FileHandle(forWritingTo: URL(filePath: file))
    try handle.seekToEnd()
    try handle.write(contentsOf: [0])
    try handle.close()
    #expect(await parts.open().refusals.count == 1)
  }

  @Test func fileChangedWhileTheHostRunsIsNotLoaded() async throws {
    let parts = try RegistryParts.echo()
    let registry = await parts.open()
    let file = "\(parts.installation.builtinsFolder)/libTestPlugin_echo.so"
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.copyItem(atPath: IsolatedParts.plugin("c_echo"), toPath: file)
    let error = try await registry.failure("echo", ["text": "a"])
    #expect(error.message.contains("was changed since the host started: restart the host"))
  }

  @Test func missingListIsOneRefusal() async throws {
    let parts = try RegistryParts()
    try FileManager.default.removeItem(atPath: "\(parts.installation.builtinsFolder)/builtins.json")
    let registry = await parts.open()
    #expect(registry.refusals.map(\.reason).joined().contains("builtins.json is missing: run `make build`"))
  }

  @Test(arguments: [
    ("not_elf", "is not a shared library: give the .so file"),
    ("other_processor", "is made for ARM (32 bit), and this machine is"),
    ("no_symbol", "keystone_plugin_1"), ("no_table", "cannot be used"), ("old_table", "cannot be used"),
    ("other_abi", "is made for version 7 of the plugin boundary"), ("crashes", "crashed with signal 11"),
    ("no_json", "describes itself in a way that cannot be read"),
    ("bad_name", "which is not lower-case letters, digits, - and _"),
  ])
  func brokenPluginIsRefusedWithAnInstruction(kind: String, sentence: String) async throws {
    let parts = try RegistryParts([
      "libbroken.so": BrokenPlugin.file(kind), "libTestPlugin_echo.so": RegistryParts.echoFile(),
    ])
    let registry = await parts.open()
    #expect(registry.plugins.map(\.descriptor.name) == ["test-echo"])
    let reason = try #require(registry.refusals.first?.reason)
    #expect(reason.contains("libbroken.so") && reason.contains(sentence), "\(reason)")
    #expect(registry.refusals.count == 1)
    // Nothing of it is cached, so that a repaired host or machine finds it.
    #expect(await parts.open().refusals.map(\.reason) == [reason])
  }

  @Test func manyPluginsAreAskedAtOnceAndOnlyOnce() async throws {
    var files: [String: String] = [:]
    for number in 0..<16 {
      files["lib\(number).so"] = try RegistryParts.library(
        "many\(number)", name: "many\(number)", types: ["t\(number)"])
    }
    let parts = try RegistryParts(files)
    #expect(await parts.open().types.count == 16)
    // From here on nobody could be asked any more.
    try FileManager.default.removeItem(atPath: parts.installation.pluginHost)
    #expect(await parts.open().types.count == 16)
  }
}

/// Files that are no usable plugins.
enum BrokenPlugin {
  static func file(_ kind: String) throws -> String {
    switch kind {
    case "not_elf": return try written(kind, Array("#!/bin/sh\n".utf8))
    case "other_processor":
      var bytes = [UInt8](try Data(contentsOf: URL(filePath: IsolatedParts.plugin("c_echo"))))
      bytes[18] = 40
      return try written(kind, bytes)
    case "no_symbol": return try IsolatedParts.library("no_symbol", source: "int nothing(void) { return 0; }")
    case "no_table": return try IsolatedParts.library("no_table", source: entry("return NULL;"))
    case "old_table":
      return try IsolatedParts.library(
        "old_table", source: entry("static ks_peer t = {.size = 16, .version = 9}; return &t;"))
    case "crashes": return try IsolatedParts.library("crashes", source: entry("*(volatile int *)0 = 1; return NULL;"))
    case "no_json":
      return try IsolatedParts.library(
        "no_json",
        source:
          "#include \"keystone_plugin_easy.h\"\nstatic const ks_method m[] = {{NULL, NULL}};\nKS_PLUGIN(m, \"{oh\")")
    case "other_abi": return try RegistryParts.library("other_abi", name: "other", abi: 7)
    default: return try RegistryParts.library("bad_name", name: "Bad Name")
    }
  }

  private static func entry(_ body: String) -> String {
    """
    #include "keystone_plugin.h"
    __attribute__((visibility("default"))) const ks_peer *keystone_plugin_1(const ks_peer *host) {
      (void)host; \(body)
    }
    """
  }

  private static func written(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = try IsolatedParts.emptyFolder() + "/\(name).so"
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }
}
