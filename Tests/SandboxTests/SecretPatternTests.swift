import KeystoneKit
import Testing

@testable import KeystoneSandbox

/// Secrets are found in every form and across every border, and nothing else is touched.
@Suite struct SecretPatternTests {
  let secret = "p\"ä/ss+w?rd \\=%&1"

  func masked(_ chunks: [[UInt8]], _ secrets: [String: String]) -> (text: [UInt8], names: Set<String>) {
    var stream = SecretStream(SecretPatterns(secrets))
    var text: [UInt8] = []
    var names: Set<String> = []
    for part in chunks.map({ stream.take($0) }) + [stream.finish()] {
      text += part.bytes
      names.formUnion(part.names)
    }
    return (text, names)
  }

  func redacted(_ text: String, _ secrets: [String: String]) -> String {
    SecretPatterns(secrets).redacted(text)
  }

  func urlEncoded(_ text: String, capitals: Bool = true) -> String {
    text.utf8.map { byte in
      let character = Character(UnicodeScalar(byte))
      if character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character)) {
        return String(character)
      }
      let digits = String(byte, radix: 16, uppercase: capitals)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }

  @Test func everyFormIsMasked() {
    let forms = [secret, Base64.encode(Array(secret.utf8)), urlEncoded(secret), JSONValue.string(secret).text]
    for form in forms {
      let text = redacted("before \(form) after", ["KEY": secret])
      #expect(text.contains("[secret KEY]") && text.hasPrefix("before ") && text.hasSuffix(" after"), "\(form)")
      #expect(!text.contains(secret.prefix(6)) && !text.contains("ss+w"), "\(form)")
    }
  }

  @Test func aSecretInsideAnEncodedTextIsFoundAtEachAlignment() {
    for prefix in ["", "u", "us", "use", "user:"] {
      for suffix in ["", "!", "!!", "!!!"] {
        let text = Base64.encode(Array((prefix + "correct-horse" + suffix).utf8))
        #expect(redacted(text, ["KEY": "correct-horse"]).contains("[secret KEY]"), "\(prefix) \(suffix)")
      }
    }
  }

  @Test func theHabitsOfLibrariesAreKnown() {
    let value = "a/b c'(d)\u{e4}+\\e"
    let forms = [
      "a%2Fb%20c%27%28d%29%C3%A4%2B%5Ce", "a%2fb%20c%27%28d%29%c3%a4%2b%5ce", "a/b%20c%27%28d%29%C3%A4%2B%5Ce",
      "a%2Fb%20c'(d)%C3%A4%2B%5Ce", "a%2Fb+c%27%28d%29%C3%A4%2B%5Ce", "a\\/b c'(d)\u{e4}+\\\\e",
      "a/b c'(d)\\u00e4+\\\\e",
    ]
    for form in forms { #expect(redacted("<\(form)>", ["KEY": value]) == "<[secret KEY]>", "\(form)") }
    let encoded = Base64.encode(Array("subjects?_d\u{ff}\u{fe}~~~".utf8))
    let urlSafe = String(encoded.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" })
    #expect(urlSafe != encoded && redacted(urlSafe, ["KEY": "subjects?_d\u{ff}\u{fe}~~~"]).hasPrefix("[secret KEY]"))
  }

  @Test(arguments: [1, 4, 19, 64, 76], ["\n", "\r\n"])
  func base64IsFoundInLinesOfAnyWidth(_ width: Int, _ end: String) {
    let secret = (0..<40).map { "part\($0 * 7_919)" }.joined()
    let text = Array(Base64.encode(Array("user:\(secret)@host".utf8)))
    let lines = stride(from: 0, to: text.count, by: width).map { String(text[$0..<min($0 + width, text.count)]) }
    guard width > 2 * end.utf8.count else { return }
    let found = redacted(lines.joined(separator: end), ["KEY": secret])
    #expect(found.contains("[secret KEY]") && found.utf8.count < 64, "\(found)")
  }

  @Test func manySecretsInALongTextTakeNoLongerThanFew() {
    let text = String(repeating: "swordfish and chips, ", count: 20_000)
    let start = ContinuousClock.now
    let masked = redacted(text, ["KEY": "swordfish", "OTHER": "nowhere/to be+found"])
    #expect(masked == String(repeating: "[secret KEY] and chips, ", count: 20_000))
    #expect(start.duration(to: .now) < .seconds(5))
  }

  @Test func bordersOfChunksHideNothing() {
    let bytes = Array("a \(secret) b \(Base64.encode(Array(secret.utf8))) c \(secret)\(secret)".utf8)
    let whole = masked([bytes], ["KEY": secret])
    #expect(whole.names == ["KEY"])
    for border in 0...bytes.count {
      let parts = masked([Array(bytes[..<border]), Array(bytes[border...])], ["KEY": secret])
      #expect(parts.text == whole.text && parts.names == ["KEY"])
    }
    #expect(masked(bytes.map { [$0] }, ["KEY": secret]).text == whole.text)
  }

  @Test func ofSecretsThatContainEachOtherTheLongestIsNamed() {
    let secrets = ["SHORT": "swordfish", "LONG": "swordfish-and-chips"]
    #expect(redacted("swordfish-and-chips, swordfish", secrets) == "[secret LONG], [secret SHORT]")
    let bytes = Array("xswordfish-and-chipsx".utf8)
    for border in 0...bytes.count {
      let parts = masked([Array(bytes[..<border]), Array(bytes[border...])], secrets)
      #expect(String(decoding: parts.text, as: UTF8.self) == "x[secret LONG]x")
    }
  }

  @Test func secretsThatOverlapAreBothGone() {
    let secrets = ["A": "abcdefgh", "B": "efghijkl"]
    let text = redacted("abcdefghijkl", secrets)
    #expect(!text.contains("abcd") && !text.contains("efgh"))
  }

  @Test func whatIsNoSecretStaysByteForByte() {
    let bytes = (0..<5_000).map { _ in UInt8.random(in: 0...255) }
    let result = masked([Array(bytes[..<1_234]), Array(bytes[1_234...])], ["KEY": "correct horse battery staple"])
    #expect(result.text == bytes && result.names.isEmpty)
    #expect(masked([bytes], [:]).text == bytes)
    #expect(redacted("nothing", ["EMPTY": ""]) == "nothing")
  }

  @Test func masksLeaveNoPieceBehindForAnyCut() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let value = (0..<Int.random(in: 1...12)).map { _ in "abc\"+/%".randomElement() ?? "a" }
      let noise = (0..<60).map { _ in "xyz \n".randomElement() ?? "x" }
      let place = Int.random(in: 0...noise.count, using: &generator)
      let bytes = Array((String(noise[..<place]) + String(value) + String(noise[place...])).utf8)
      let border = Int.random(in: 0...bytes.count, using: &generator)
      let result = masked([Array(bytes[..<border]), Array(bytes[border...])], ["KEY": String(value)])
      let expected = String(noise[..<place]) + "[secret KEY]" + String(noise[place...])
      #expect(String(decoding: result.text, as: UTF8.self) == expected)
    }
  }
}
