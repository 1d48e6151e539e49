import KeystoneKit

/// The secrets of one sandbox in every form in which they are recognised.
///
/// A value is found raw, in base64 (at each of the three alignments, in one line or wrapped), URL-encoded and
/// JSON-escaped. Where it is found, `[secret NAME]` stands instead.
package struct SecretPatterns: Sendable {
  struct Pattern: Sendable {
    var name: String
    var bytes: [UInt8]
    /// Whether lines may end anywhere in it.
    var isWrapped: Bool

    /// The most bytes that an occurrence can have.
    var extent: Int { isWrapped ? bytes.count + bytes.count / 2 : bytes.count }
  }

  /// Longest first, so that a form that contains another one is taken whole.
  let patterns: [Pattern]
  /// The most bytes that an occurrence can have, which a stream must hold back.
  let longest: Int

  /// The patterns for secrets by name; empty values are no secrets.
  package init(_ secrets: [String: String]) {
    var patterns: [Pattern] = []
    for (name, value) in secrets where !value.isEmpty {
      let forms = SecretForms(of: value)
      patterns += forms.plain.filter { !$0.isEmpty }.map { Pattern(name: name, bytes: $0, isWrapped: false) }
      patterns += forms.wrapped.filter { !$0.isEmpty }.map { Pattern(name: name, bytes: $0, isWrapped: true) }
    }
    self.patterns = patterns.sorted { ($0.bytes.count, $1.name) > ($1.bytes.count, $0.name) }
    longest = self.patterns.map(\.extent).max() ?? 0
  }

  /// Whether there is nothing to find.
  package var isEmpty: Bool { patterns.isEmpty }

  /// `text` with every secret masked.
  package func redacted(_ text: String) -> String {
    guard !isEmpty else { return text }
    var stream = SecretStream(self)
    let (first, _) = stream.take(Array(text.utf8))
    let (rest, _) = stream.finish()
    return String(decoding: first + rest, as: UTF8.self)
  }
}

/// A stream of bytes in which secrets are masked, also where they lie across the borders of chunks.
package struct SecretStream: Sendable {
  private let patterns: SecretPatterns
  private var held: [UInt8] = []

  /// A stream that looks for `patterns`.
  package init(_ patterns: SecretPatterns) { self.patterns = patterns }

  /// Takes a chunk and answers what is certain by now, with the names of the secrets masked in it.
  package mutating func take(_ chunk: [UInt8]) -> (bytes: [UInt8], names: Set<String>) {
    guard !patterns.isEmpty else { return (chunk, []) }
    held += chunk
    return mask(keeping: patterns.longest - 1)
  }

  /// Answers what was held back.
  package mutating func finish() -> (bytes: [UInt8], names: Set<String>) { mask(keeping: 0) }

  private mutating func mask(keeping tail: Int) -> (bytes: [UInt8], names: Set<String>) {
    var output: [UInt8] = []
    var names: Set<String> = []
    var start = 0
    var upcoming = Upcoming(patterns.patterns)
    while let (found, pattern) = upcoming.next(in: held, from: start) {
      // In the tail a longer form that begins here may still be incomplete: the next chunk decides.
      guard tail == 0 || found.lowerBound < held.count - tail else { break }
      output += held[start..<found.lowerBound]
      output += Array("[secret \(pattern.name)]".utf8)
      names.insert(pattern.name)
      start = found.upperBound
    }
    let certain = max(start, held.count - tail)
    output += held[start..<certain]
    held.removeFirst(certain)
    return (output, names)
  }
}

/// Where each pattern occurs next, so that bytes are searched once however many secrets are in them.
private struct Upcoming {
  private let patterns: [SecretPatterns.Pattern]
  private var places: [Range<Int>?]
  private var isSearched = false

  init(_ patterns: [SecretPatterns.Pattern]) {
    self.patterns = patterns
    places = patterns.map { _ in nil }
  }

  /// The first occurrence of any pattern at or after `start`; of several at one place, the longest.
  mutating func next(in bytes: [UInt8], from start: Int) -> (Range<Int>, SecretPatterns.Pattern)? {
    var best: Int?
    for (index, pattern) in patterns.enumerated() {
      if !isSearched || places[index].map({ $0.lowerBound < start }) == true {
        places[index] = bytes.firstRange(of: pattern.bytes, from: start, extent: pattern.extent)
      }
      guard let place = places[index]?.lowerBound else { continue }
      if best.flatMap({ places[$0]?.lowerBound }).map({ place < $0 }) ?? true { best = index }
    }
    isSearched = true
    return best.flatMap { index in places[index].map { ($0, patterns[index]) } }
  }
}
