import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// Two plugins with different KeystoneKits in one process.
@Suite struct RegistryOtherKitTests {
  @Test func pluginWithAnotherKeystoneKitRunsBesideThisOne() async throws {
    let file = try Self.build()
    #expect(try Binary(file).exportedSymbols == ["keystone_plugin_1"])
    #expect(keystoneKitVersion != "9.9.9")
    let parts = try RegistryParts(["a.so": RegistryParts.echoFile(), "b.so": file])
    for home in PluginHome.allCases {
      let registry = await parts.open(PluginOptions(homes: ["other-kit": home]))
      #expect(registry.refusals == [])
      #expect(registry.plugins.map(\.descriptor.kit) == [keystoneKitVersion, "9.9.9"])
      let size = MemoryLayout<Score>.size + MemoryLayout<Int>.stride
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask {
            let other = try await registry.reason("other_kit", ["path": "f"], services: TwoLines())
            #expect(other == "9.9.9, a score of \(size) bytes, one\ntwo\n")
          }
          group.addTask {
            let own = try await registry.reason("ask_host", ["path": "f"], services: TwoLines())
            #expect(own == "one\ntwo\n")
          }
        }
        try await group.waitForAll()
      }
      await registry.shutdown()
    }
  }

  /// The plugin that `build.sh` makes.
  private static func build() throws -> String {
    let folder = try IsolatedParts.emptyFolder()
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Plugins/other-kit/build.sh")
    _ = try Binary.output(of: [script.path, folder])
    return "\(folder)/libother_kit.so"
  }
}
