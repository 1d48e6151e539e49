import KeystoneKit
package import KeystoneSpec

/// The values of a spec's secrets, as they are put into a sandbox.
package enum SecretValues {
  /// Finds the value of every declared secret: literals and generated values of the spec win over forwarded ones.
  ///
  /// - Parameters:
  ///   - secrets: What the spec declares.
  ///   - forwarded: What the caller's command line resolved.
  /// - Returns: Values by name.
  /// - Throws: ``PluginError`` with the text `resolving secrets: NAME not set` when one has no value.
  package static func resolve(_ secrets: [SpecSecret], forwarded: [String: String]) throws -> [String: String] {
    var values: [String: String] = [:]
    var missing: [String] = []
    for secret in secrets {
      switch secret.origin {
      case .literal(let value): values[secret.name] = value
      case .generated: values[secret.name] = generated()
      case .environment, .file, .command, .dashboard:
        if let value = forwarded[secret.name], !value.isEmpty {
          values[secret.name] = value
        } else {
          missing.append(secret.name)
        }
      }
    }
    guard missing.isEmpty else {
      throw PluginError(.notFound, "resolving secrets: \(missing.joined(separator: ", ")) not set")
    }
    return values
  }

  /// 32 random bytes as hexadecimal digits.
  private static func generated() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
