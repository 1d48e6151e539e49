import KeystoneKit
import Testing

@Suite struct JSONPropertyTests {
  @Test(arguments: 0..<40 as Range<UInt64>)
  func randomValuesSurviveTheRoundTrip(seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    for _ in 0..<50 {
      let value = JSONValue.random(depth: 5, using: &random)
      #expect(try JSONValue(parsing: value.text) == value)
      #expect(try JSONValue(parsing: value.pretty()) == value)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func randomDoublesAreReadExactly(seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    for _ in 0..<500 {
      let digits = Int64.random(in: 0...9_999_999_999, using: &random)
      let text = "\(digits).\(UInt32.random(in: 0...999, using: &random))e\(Int.random(in: -30...30, using: &random))"
      #expect(try JSONValue(parsing: text) == .number(try #require(Double(text))))
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func randomBytesNeverCrash(seed: UInt64) {
    var random = SeededGenerator(state: seed)
    let alphabet = Array(#"{}[]":,\u0123456789abcdefDd8tnrlse+-. "#.utf8) + [0, 0x80, 0xC3, 0xED, 0xFF]
    for _ in 0..<500 {
      let count = Int.random(in: 0..<60, using: &random)
      let bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
      expectTextOrError(bytes)
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func damagedTextNeverCrashes(seed: UInt64) {
    var random = SeededGenerator(state: seed)
    for _ in 0..<200 {
      var bytes = JSONValue.random(depth: 4, using: &random).bytes
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      expectTextOrError(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
    }
  }

  /// Bytes are either a value that survives the round trip, or an error whose place lies in the text.
  private func expectTextOrError(_ bytes: [UInt8]) {
    do throws(JSONError) {
      let value = try JSONValue(parsing: bytes)
      let again = try JSONValue(parsing: value.bytes)
      #expect(again == value)
    } catch {
      #expect(0...bytes.count ~= error.offset)
    }
  }
}

/// SplitMix64: the same seed gives the same values on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension JSONValue {
  static func random(depth: Int, using random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
    case 3:
      let number = Double(bitPattern: random.next())
      return .number(number.isFinite ? number : -0.0)
    case 4, 5: return .string(.random(using: &random))
    case 6:
      let count = Int.random(in: 0..<5, using: &random)
      return .array((0..<count).map { _ in .random(depth: depth - 1, using: &random) })
    default:
      let count = Int.random(in: 0..<5, using: &random)
      let members = (0..<count).map { _ in
        (String.random(using: &random), JSONValue.random(depth: depth - 1, using: &random))
      }
      return .object(Dictionary(members) { $1 })
    }
  }
}

extension String {
  fileprivate static func random(using random: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      let bound: UInt32 = [0x20, 0x80, 0x800, 0x11_0000][Int.random(in: 0..<4, using: &random)]
      let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &random))
      text.unicodeScalars.append(scalar ?? "?")
    }
    return text
  }
}
