import Testing

@testable import KeystoneSpec

/// Random changes to a valid spec: nothing may crash, and every answer must be usable.
@Suite struct FuzzTests {
  @Test(arguments: 0..<8)
  func mutatedSpecsNeverCrash(_ seed: UInt64) {
    var random = SplitMix(state: seed &* 0x9E37_79B9 &+ 1)
    for _ in 0..<250 {
      var bytes = Array(fullSpec.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) { mutate(&bytes, &random) }
      let (spec, diagnostics) = exampleSchema.check(bytes, file: "fuzz.yaml")
      #expect(spec != nil || diagnostics.contains { $0.severity == .error })
      #expect(spec == nil || !diagnostics.contains { $0.severity == .error })
      for diagnostic in diagnostics {
        #expect(!diagnostic.message.isEmpty && !diagnostic.rendered.isEmpty)
        let offset = diagnostic.range?.start.offset ?? 0
        #expect(offset >= 0 && offset <= bytes.count)
      }
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard !bytes.isEmpty else { return }
    let index = Int.random(in: 0..<bytes.count, using: &random)
    let length = min(Int.random(in: 1...40, using: &random), bytes.count - index)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes.removeSubrange(index..<(index + length))
    case 2:
      bytes.insert(contentsOf: bytes[index..<(index + length)], at: Int.random(in: 0...bytes.count, using: &random))
    case 3: bytes.insert(contentsOf: Self.words.randomElement(using: &random)?.utf8.map { $0 } ?? [], at: index)
    case 4: bytes = Array(bytes[..<index])
    case 5: bytes[index] = Array(" \t\n:-[]{}&*!|>'\"%@`#,?~".utf8).randomElement(using: &random) ?? 0x20
    case 6: swapLines(&bytes, &random)
    default: replaceValue(&bytes, &random)
    }
  }

  private func swapLines(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    lines.swapAt(
      Int.random(in: 0..<lines.count, using: &random), Int.random(in: 0..<lines.count, using: &random))
    bytes = Array(lines.joined(separator: [0x0A]))
  }

  private func replaceValue(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    let index = Int.random(in: 0..<lines.count, using: &random)
    guard let colon = lines[index].firstIndex(of: UInt8(ascii: ":")) else { return }
    lines[index] = lines[index][...colon] + Array((Self.words.randomElement(using: &random) ?? "").utf8)
    bytes = Array(lines.joined(separator: [0x0A]))
  }

  private static let words = [
    " null", " true", " -1", " 1e308", " []", " {}", " [[]]", " &a", " *a", " <<: *a", " {{ secrets.X }}",
    " \"{{ matrix.model }}\"", " |", " >-", "\n---\n", "\t", " !!int x", " \"\\uD800\"", "\u{85}", "\u{2028}",
    "\u{FEFF}",
    " '", " \"", " 99999999999999999999", " .inf", " ? ", " {a: {b: {c: []}}}",
  ]
}

/// A small random number generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
