import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// Two plugins that claim one type.
@Suite struct RegistryNameTests {
  private func twoPlugins() throws -> RegistryParts {
    func plugin(_ name: String, _ types: [String]) throws -> String {
      let answer = "{\"score\": 1, \"passed\": true, \"reason\": \"by \(name)\"}"
      return try RegistryParts.library("name_\(name)", name: name, types: types, answer: answer)
    }
    return try RegistryParts(["a.so": plugin("first", ["thing"]), "b.so": plugin("second", ["thing", "other"])])
  }

  @Test func secondPluginLosesThePlainNameAndKeepsTheQualifiedOne() async throws {
    let parts = try twoPlugins()
    let registry = await parts.open()
    #expect(try await registry.reason("thing") == "by first")
    #expect(try await registry.reason("second/thing") == "by second")
    #expect(try await registry.reason("other") == "by second")
    let refusal = try #require(registry.refusals.first)
    #expect(registry.refusals.count == 1 && refusal.plugin == "second" && refusal.type == "thing")
    for part in ["/a.so", "/b.so", "write `second/thing`", "keystone plugin prefer thing second"] {
      #expect(refusal.reason.contains(part))
    }
  }

  @Test(arguments: ["thing", "invariant:thing"]) func operatorPrefersTheSecond(type: String) async throws {
    let parts = try twoPlugins()
    try PluginInstaller(parts.installation).prefer(type, "second", in: await parts.open())
    let registry = await parts.open()
    #expect(try await registry.reason("thing") == "by second")
    #expect(try await registry.reason("first/thing") == "by first")
    #expect(registry.refusals.map(\.plugin) == ["first"])
  }

  @Test func preferringWhatIsNotThereIsAnError() async throws {
    let parts = try twoPlugins()
    let registry = await parts.open()
    #expect(throws: PluginError.self) { try PluginInstaller(parts.installation).prefer("other", "first", in: registry) }
  }

  @Test func secondPluginOfOneNameIsRefused() async throws {
    let parts = try RegistryParts([
      "a.so": RegistryParts.library("same_a", name: "same", types: ["a"]),
      "b.so": RegistryParts.library("same_b", name: "same", types: ["b"]),
    ])
    let registry = await parts.open()
    #expect(registry.type(.invariant, "a") != nil && registry.type(.invariant, "b") == nil)
    let reason = try #require(registry.refusals.first?.reason)
    #expect(reason.contains("/a.so") && reason.contains("/b.so") && reason.contains("the name `same`"))
  }
}
