internal import Crypto
internal import FoundationEssentials
internal import KeystoneExperiment
internal import KeystoneSandbox
package import KeystoneStore

/// An API key in clear, which nobody keeps.
package struct APIKey: Sendable {
  /// The text that clients send.
  package let text: String

  /// A key that somebody chose.
  package init(_ text: String) { self.text = text }

  /// A new key: 32 random bytes, so that its plain hash tells nothing about it.
  package static func random() -> APIKey { APIKey("ks_live_" + RandomHexadecimal.digits(bytes: 32)) }

  /// The SHA-256 of the key.
  package var hash: [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

  /// What a person recognises the key by: its beginning.
  package var hint: String { String(text.prefix(12)) + "…" }

  /// What the store keeps of it.
  package func record(owner: String, name: String) -> APIKeyRecord {
    APIKeyRecord(
      id: Identifier.random(prefix: "key_"), owner: owner, name: name, hint: hint, hash: hash,
      createdAt: UTCClock.now())
  }

  /// Whether two hashes are the same, in a time that does not depend on where they differ.
  static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard first.count == second.count else { return false }
    return zip(first, second).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
