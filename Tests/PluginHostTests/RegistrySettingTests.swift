import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// Settings: where values come from and what is said of wrong ones.
@Suite struct RegistrySettingTests {
  @Test func flagGoesBeforeEnvironmentBeforeRecordBeforeDefault() async throws {
    let parts = try RegistryParts.echo()
    let plain = await parts.open()
    #expect(try await plain.reason("told").hasPrefix("port=1 ratio=- loud=- endpoint=- token=- note=- state=/"))
    try PluginInstaller(parts.installation).set("2", for: "port", of: "test-echo", in: plain)
    try PluginInstaller(parts.installation).set("hello", for: "note", of: "test-echo", in: plain)
    #expect(try await parts.open().reason("told").hasPrefix("port=2 ratio=- loud=- endpoint=- token=- note=\"hello\" "))
    let environment = [
      "ECHO_PORT": "3", "ECHO_RATIO": "0.5", "ECHO_ENDPOINT": "http://[::1]:80", "ECHO_TOKEN": "hush",
    ]
    #expect(
      try await parts.open(PluginOptions(environment: environment)).reason("told").hasPrefix(
        "port=3 ratio=0.5 loud=- endpoint=\"http://[::1]:80\" token=\"hush\" note=\"hello\" "))
    let registry = await parts.open(
      PluginOptions(flags: ["echo-port": "4", "echo-loud": "", "strange": "x"], environment: environment))
    let told = try await registry.reason("told")
    #expect(told.hasPrefix("port=4 ratio=0.5 loud=true "))
    #expect(
      told.hasSuffix(
        "state=\(parts.installation.state(of: "test-echo").path) cache=\(parts.installation.cache(of: "test-echo").path)"
      ))
    #expect(registry.unknownFlags == ["strange"])
    #expect(registry.plugins.first?.settings.sources["port"] == .flag("echo-port"))
  }

  @Test(
    arguments: [
      (
        ["echo-port": "many"], [:],
        "its setting `port` is `many` by the flag -echo-port and must be a whole number: correct the flag -echo-port"
      ),
      (["echo-loud": "perhaps"], [:], "must be true or false"),
      ([:], ["ECHO_RATIO": "nan"], "is `nan` by the environment variable ECHO_RATIO and must be a number"),
      ([:], ["ECHO_ENDPOINT": "localhost"], "must be an absolute URL"),
    ] as [([String: String], [String: String], String)])
  func wrongValueRefusesThePluginWithItsPlace(
    flags: [String: String], environment: [String: String], sentence: String
  ) async throws {
    let parts = try RegistryParts.echo()
    let registry = await parts.open(PluginOptions(flags: flags, environment: environment))
    #expect(registry.plugins.isEmpty)
    let reason = try #require(registry.refusals.first?.reason)
    #expect(reason.contains(sentence), "\(reason)")
    #expect(registry.explanation(.invariant, "echo")?.contains(reason) == true)
  }

  @Test func secretsAreNotShownInErrors() throws {
    let setting = Setting(
      name: "pin", type: .integer, description: "A secret number.", environment: "PIN", secret: true)
    let descriptor = PluginDescriptor(name: "p", version: "1.0.0", settings: [setting], types: [])
    let error = #expect(throws: PluginError.self) {
      try SettingValues(
        descriptor, record: PluginRecord(name: "p"), options: PluginOptions(environment: ["PIN": "swordfish"]))
    }
    #expect(error?.message.contains("swordfish") == false)
    #expect(error?.message.contains("its setting `pin` is a value that is not shown") == true)
  }

  @Test func wrongOrUnknownSettingIsNotRecorded() async throws {
    let parts = try RegistryParts.echo()
    let registry = await parts.open()
    let installer = PluginInstaller(parts.installation)
    for (name, setting, text, sentence) in [
      ("test-echo", "port", "x", "must be a whole number"),
      ("test-echo", "prot", "1", "has no setting `prot`: it has port"),
      ("nobody", "port", "1", "there is no plugin nobody"),
    ] {
      let error = #expect(throws: PluginError.self) { try installer.set(text, for: setting, of: name, in: registry) }
      #expect(error?.message.contains(sentence) == true)
    }
    #expect(try PluginRecords.read(in: parts.installation.plugins) == PluginRecords())
  }
}
