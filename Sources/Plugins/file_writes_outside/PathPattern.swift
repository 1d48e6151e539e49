import KeystoneKit

/// A path of the workspace with everything below it: `src/`, `src/main.ts`, `docs/*.md`, `**/test`, or `.` for all.
///
/// Paths are compared part by part, so `src` does not cover `src2`. `*` stands for any characters of one part, `?`
/// for one, and `**` for any number of parts.
struct PathPattern {
  private let parts: [ArraySlice<UInt8>]

  init(_ text: String) {
    var parts = Self.parts(Array(text.utf8))
    if text.hasPrefix("/"), parts.first == Array("workspace".utf8)[...] { parts.removeFirst() }
    self.parts = parts
  }

  /// Whether `path` is what the pattern names, or lies below it.
  func covers(_ path: SandboxPath) -> Bool { Self.covers(parts[...], Self.parts(path.bytes)[...]) }

  private static func parts(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
    path.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
  }

  private static func covers(_ pattern: ArraySlice<ArraySlice<UInt8>>, _ path: ArraySlice<ArraySlice<UInt8>>) -> Bool {
    guard let first = pattern.first else { return true }
    if first == Array("**".utf8)[...] {
      return path.indices.contains { covers(pattern.dropFirst(), path[$0...]) } || pattern.count == 1
    }
    guard let part = path.first, matches(first, part) else { return false }
    return covers(pattern.dropFirst(), path.dropFirst())
  }

  /// Matches one part; on a mismatch the last `*` takes one character more.
  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (at, position) = (pattern.startIndex, text.startIndex)
    var lastStar: (pattern: Int, text: Int)?
    while position < text.endIndex {
      if at < pattern.endIndex, pattern[at] == UInt8(ascii: "*") {
        lastStar = (at, position)
        at += 1
      } else if at < pattern.endIndex, pattern[at] == UInt8(ascii: "?") || pattern[at] == text[position] {
        at += 1
        position += 1
      } else if let star = lastStar {
        at = star.pattern + 1
        position = star.text + 1
        lastStar = (star.pattern, position)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
