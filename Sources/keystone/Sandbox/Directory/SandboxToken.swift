/// The token by which a sandbox reaches its own part of the API.
package enum SandboxToken {
  /// What every token begins with.
  package static let prefix = "ks_sb_"

  /// A new token: the prefix and 24 random bytes as hexadecimal digits.
  package static func random() -> String { prefix + RandomHexadecimal.digits(bytes: 24) }
}

/// Random bytes as text.
package enum RandomHexadecimal {
  /// The hexadecimal digits of so many bytes of the system's random numbers.
  package static func digits(bytes count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in
      let digits = String(UInt8.random(in: .min ... .max, using: &generator), radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
