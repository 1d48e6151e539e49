/// The sections of a template, `{#name}` … `{/name}`; tags of the same name nest.
struct PromptSections {
  struct Section {
    var name: String
    var opening: Range<Int>
    var closing: Range<Int>
  }

  private var sections: [Section] = []

  init(_ text: [UInt8]) {
    var open: [String: [Range<Int>]] = [:]
    var position = 0
    while let brace = text[position...].firstIndex(of: UInt8(ascii: "{")) {
      position = brace + 1
      guard let (isOpening, name, end) = Self.tag(at: brace, in: text) else { continue }
      position = end
      if isOpening {
        open[name, default: []].append(brace..<end)
      } else if let opening = open[name]?.popLast() {
        sections.append(Section(name: name, opening: opening, closing: brace..<end))
      }
    }
    sections.sort { $0.opening.lowerBound < $1.opening.lowerBound }
  }

  /// The first section that begins at `position` or later.
  func first(from position: Int) -> Section? {
    var (low, high) = (0, sections.count)
    while low < high {
      let middle = (low + high) / 2
      if sections[middle].opening.lowerBound < position { low = middle + 1 } else { high = middle }
    }
    return low < sections.count ? sections[low] : nil
  }

  private static func tag(at brace: Int, in text: [UInt8]) -> (isOpening: Bool, name: String, end: Int)? {
    var scanner = PromptScanner(text[...], at: brace + 1)
    let isOpening = scanner.take("#")
    guard isOpening || scanner.take("/") else { return nil }
    scanner.skipBlanks()
    guard let name = scanner.name() else { return nil }
    scanner.skipBlanks()
    guard scanner.take("}") else { return nil }
    return (isOpening, name, scanner.position)
  }
}
