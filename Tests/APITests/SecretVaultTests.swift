import Foundation
import KeystoneKit
import Testing

@testable import KeystoneAPI

struct SecretVaultTests {
  private let folder = NSTemporaryDirectory() + "keystone-vault-\(UUID().uuidString)"

  @Test func whatIsSealedOpensOnlyWhereItBelongs() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sealed = try SecretVault(dataFolder: folder).seal(["KEY": "value"], context: "exp-1")
    let again = try SecretVault(dataFolder: folder)
    #expect(try again.values(sealed, context: "exp-1") == ["KEY": "value"])
    #expect(throws: PluginError.self) { try again.values(sealed, context: "exp-2") }
    var changed = sealed
    changed[changed.count / 2] ^= 1
    #expect(throws: PluginError.self) { try again.values(changed, context: "exp-1") }
    let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/secrets.key")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func aKeyThatOthersCanReadIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try SecretVault(dataFolder: folder)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder + "/secrets.key")
    #expect(throws: PluginError.self) { try SecretVault(dataFolder: folder) }
  }
}
