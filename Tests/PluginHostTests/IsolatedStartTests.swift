import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// What cannot be a plugin is refused with a sentence, and what is stopped ends.
@Suite struct IsolatedStartTests {
  private func refusal(_ file: String, helper: String? = nil) async throws -> PluginError {
    let helper = try helper ?? IsolatedParts.helper()
    return try await #require(throws: PluginError.self) {
      _ = try await IsolatedPlugin.start(
        file: file, helper: helper, confinement: nil, concurrency: 1, incoming: { _ in [] })
    }
  }

  @Test func missingFileIsRefused() async throws {
    let error = try await refusal("/nowhere/plugin.so")
    #expect(error.message.hasPrefix("plugin /nowhere/plugin.so cannot be used: cannot load the file"))
  }

  @Test func missingSymbolIsRefused() async throws {
    let file = try IsolatedParts.library("no_symbol", source: "int keystone_plugin_0(void);\n")
    #expect(try await refusal(file).message.contains("it does not export keystone_plugin_1"))
  }

  @Test func undefinedFunctionIsRefused() async throws {
    let source = """
      void nowhere_to_be_found(void);
      __attribute__((visibility("default"))) void *keystone_plugin_1(void *host) {
        nowhere_to_be_found();
        return host;
      }
      """
    let error = try await refusal(IsolatedParts.library("undefined", source: source))
    #expect(error.message.contains("undefined symbol: nowhere_to_be_found"))
  }

  @Test(arguments: [
    ("null", "return 0;", "it cannot work with this host"),
    ("version", "static ks_peer t; t = *h; t.version = 2; return &t;", "it speaks version 2 of the plugin boundary"),
    ("small", "static ks_peer t; t = *h; t.size = 24; return &t;", "its table of functions is incomplete"),
    ("hole", "static ks_peer t; t = *h; t.reply = 0; return &t;", "its table of functions is incomplete"),
  ])
  func badTableIsRefused(name: String, body: String, reason: String) async throws {
    let source = """
      #include "keystone_plugin.h"
      __attribute__((visibility("default"))) const ks_peer *keystone_plugin_1(const ks_peer *h) { (void)h; \(body) }
      """
    #expect(try await refusal(IsolatedParts.library("table_\(name)", source: source)).message.contains(reason))
  }

  @Test func missingHelperIsAnError() async throws {
    let error = try await refusal(IsolatedParts.plugin("c_echo"), helper: "/nowhere/keystone-plugin-host")
    #expect(error.message.contains("cannot be started: cannot start /nowhere/keystone-plugin-host"))
  }

  @Test func stopEndsTheProcess() async throws {
    let plugin = try await startIsolated("c_echo")
    await plugin.stop()
    #expect(plugin.death?.cause == .stopped)
    #expect(kill(plugin.processID, 0) == -1)
    #expect(try await plugin.error("echo").message.contains("was stopped"))
  }

  @Test func stopEndsAProcessThatHangs() async throws {
    let plugin = try await startIsolated("c_faults", concurrency: 1)
    let call = plugin.session.begin("fault/hang", [])
    await plugin.stop()
    await #expect(throws: PluginError.self) { try await call.result() }
    #expect(kill(plugin.processID, 0) == -1)
  }
}
