import Glibc
import KeystoneKit

/// A shared library (ELF, 64 bit, little endian), as the loader sees it.
struct SharedLibrary {
  /// The names it exports, sorted.
  let exports: [String]
  /// The libraries it needs.
  let needs: [String]

  /// Reads the dynamic symbols and the needed libraries in `bytes`; `nil` when they are no such library.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
    let reader = Reader(bytes: bytes)
    guard let offset = reader.number(40, 8), let size = reader.number(58, 2), let count = reader.number(60, 2) else {
      return nil
    }
    let sections = (0..<count).compactMap { Section(reader, at: offset + $0 * size) }
    guard sections.count == count, let symbols = sections.first(where: { $0.type == Section.dynamicSymbols }),
      let dynamic = sections.first(where: { $0.type == Section.dynamic }), symbols.link < count, dynamic.link < count,
      symbols.offset + symbols.size <= bytes.count, dynamic.offset + dynamic.size <= bytes.count
    else { return nil }
    exports = Self.exports(reader, symbols, names: sections[symbols.link])
    needs = Self.needs(reader, dynamic, names: sections[dynamic.link])
  }

  private struct Section {
    static let dynamicSymbols = 11
    static let dynamic = 6
    var type, offset, size, link: Int

    init?(_ reader: Reader, at place: Int) {
      guard let type = reader.number(place + 4, 4), let offset = reader.number(place + 24, 8),
        let size = reader.number(place + 32, 8), let link = reader.number(place + 40, 4)
      else { return nil }
      (self.type, self.offset, self.size, self.link) = (type, offset, size, link)
    }
  }

  private struct Reader {
    let bytes: [UInt8]

    /// A little-endian number; `nil` outside of the file, and when it is larger than any place in a file.
    func number(_ place: Int, _ count: Int) -> Int? {
      guard place >= 0, place <= bytes.count - count else { return nil }
      let value = bytes[place..<place + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return value < 1 << 40 ? Int(value) : nil
    }

    func text(_ place: Int) -> String? {
      guard bytes.indices.contains(place) else { return nil }
      return String(decoding: bytes[place...].prefix(4096).prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Defined symbols that others can see: global or weak.
  private static func exports(_ reader: Reader, _ section: Section, names: Section) -> [String] {
    stride(from: 0, to: max(0, section.size - 23), by: 24).compactMap { place in
      let place = section.offset + place
      guard let name = reader.number(place, 4), let info = reader.number(place + 4, 1),
        let index = reader.number(place + 6, 2), index != 0, info >> 4 == 1 || info >> 4 == 2
      else { return nil }
      return reader.text(names.offset + name)
    }.sorted()
  }

  private static func needs(_ reader: Reader, _ section: Section, names: Section) -> [String] {
    stride(from: 0, to: max(0, section.size - 15), by: 16).compactMap { place in
      guard reader.number(section.offset + place, 8) == 1, let name = reader.number(section.offset + place + 8, 8)
      else {
        return nil
      }
      return reader.text(names.offset + name)
    }
  }
}
