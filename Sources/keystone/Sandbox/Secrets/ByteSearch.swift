import Glibc

extension [UInt8] {
  /// Where `pattern`, which is not empty, first occurs at or after `start`.
  func firstIndex(of pattern: [UInt8], from start: Int) -> Int? {
    let end = count
    return withUnsafeBytes { bytes in
      pattern.withUnsafeBytes { pattern in
        guard let base = bytes.baseAddress, let wanted = pattern.baseAddress else { return nil }
        var place = start
        while place + pattern.count <= end {
          // The library's search for one byte is vectorised; a secret's first byte is rare enough in most output.
          guard let found = memchr(base + place, Int32(pattern[0]), end - place - pattern.count + 1) else { return nil }
          place = UnsafeRawPointer(found) - base
          if memcmp(base + place, wanted, pattern.count) == 0 { return place }
          place += 1
        }
        return nil
      }
    }
  }

  /// Where `pattern`, which is not empty, first occurs at or after `start`; ends of lines may stand
  /// between its bytes as long as the whole is not longer than `extent`.
  func firstRange(of pattern: [UInt8], from start: Int, extent: Int) -> Range<Int>? {
    guard extent > pattern.count else {
      return firstIndex(of: pattern, from: start).map { $0..<$0 + pattern.count }
    }
    let first = [pattern[0]]
    var place = start
    while let found = firstIndex(of: first, from: place) {
      if let end = end(of: pattern, from: found, extent: extent) { return found..<end }
      place = found + 1
    }
    return nil
  }

  private func end(of pattern: [UInt8], from start: Int, extent: Int) -> Int? {
    var (place, matched) = (start, 0)
    let last = Swift.min(count, start + extent)
    while matched < pattern.count {
      guard place < last else { return nil }
      if self[place] == pattern[matched] {
        matched += 1
      } else if self[place] != UInt8(ascii: "\n") && self[place] != UInt8(ascii: "\r") {
        return nil
      }
      place += 1
    }
    return place
  }
}
