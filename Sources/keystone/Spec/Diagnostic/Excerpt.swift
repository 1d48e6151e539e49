/// Makes text from a document fit to be shown on a terminal.
///
/// A spec is data from a stranger: what it contains is shown without control characters, which could drive the
/// terminal, and cut to a bearable length.
enum Excerpt {
  /// `text` with control characters replaced and cut after `limit` characters.
  static func clean(_ text: String, limit: Int = 60) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count == limit { return result + "…" }
      result.unicodeScalars.append(isShowable(scalar) ? scalar : "\u{FFFD}")
      count += 1
    }
    return result
  }

  /// Whether a terminal shows the character and does nothing else with it.
  static func isShowable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
    default: true
    }
  }

  /// A window of a line around `column` (counted from 1), and the column's place in that window.
  static func window(of line: ArraySlice<UInt8>, around column: Int, width: Int = 110) -> (text: String, column: Int) {
    let before = line.count > 8192 ? near(line, column) : (String(decoding: line, as: UTF8.self), column)
    let scalars = Array(before.0.unicodeScalars)
    guard scalars.count > width else { return (shown(scalars[...]), before.1) }
    let start = max(0, min(before.1 - 1 - width / 2, scalars.count - width))
    let end = min(scalars.count, start + width)
    let text = (start > 0 ? "…" : "") + shown(scalars[start..<end]) + (end < scalars.count ? "…" : "")
    return (text, before.1 - start + (start > 0 ? 1 : 0))
  }

  /// The part of a very long line that can contain the window.
  private static func near(_ line: ArraySlice<UInt8>, _ column: Int) -> (String, Int) {
    var index = line.startIndex
    var seen = 0
    let first = max(1, column - 200)
    while index < line.endIndex {
      if line[index] & 0xC0 != 0x80 { seen += 1 }
      if seen == first { break }
      index += 1
    }
    return (String(decoding: line[index...].prefix(2048), as: UTF8.self), column - first + 1)
  }

  private static func shown(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = ""
    for scalar in scalars {
      text.unicodeScalars.append(scalar == "\t" ? " " : isShowable(scalar) ? scalar : "\u{FFFD}")
    }
    return text
  }
}
