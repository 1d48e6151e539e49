/// How far texts are from each other (Levenshtein), over Unicode scalars.
enum EditDistance {
  /// Longer texts are compared by their beginnings: the work grows with the product of both lengths.
  private static let longest = 8_000

  /// 1 − distance / longer length; 1 for two empty texts.
  static func similarity(_ one: String, _ other: String) -> Double {
    let (one, other) = (Array(one.unicodeScalars.prefix(longest)), Array(other.unicodeScalars.prefix(longest)))
    let length = max(one.count, other.count)
    return length == 0 ? 1 : 1 - Double(distance(one[...], other[...])) / Double(length)
  }

  /// The similarity of `item` and the run of words in `text` that is most like it.
  static func closest(_ item: String, in text: String) -> Double {
    let words = text.unicodeScalars.prefix(longest).split { $0.properties.isWhitespace }.map { Array($0) }
    let wanted = Array(item.unicodeScalars.prefix(longest / 10))
    let count = max(1, item.split(whereSeparator: \.isWhitespace).count)
    var best = 0.0
    for start in words.indices where start + count <= words.count {
      let run = Array(words[start..<(start + count)].joined(separator: [" "]))
      // What is far longer or shorter cannot be more alike than the lengths are.
      let length = max(run.count, wanted.count)
      guard length > 0, Double(min(run.count, wanted.count)) / Double(length) > best else { continue }
      best = max(best, 1 - Double(distance(run[...], wanted[...])) / Double(length))
    }
    return best
  }

  static func distance<Item: Equatable>(_ one: ArraySlice<Item>, _ other: ArraySlice<Item>) -> Int {
    var previous = Array(0...other.count)
    for (row, item) in one.enumerated() {
      var current = previous
      current[0] = row + 1
      for (column, candidate) in other.enumerated() {
        current[column + 1] =
          item == candidate
          ? previous[column] : 1 + min(previous[column], min(previous[column + 1], current[column]))
      }
      previous = current
    }
    return previous[other.count]
  }
}
