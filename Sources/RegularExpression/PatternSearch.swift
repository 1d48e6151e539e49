import CPCRE2

/// One search, made in steps so that it can be cancelled and bounded.
///
/// PCRE2's match limit bounds the work at one starting point only; a file of 64 MiB has as many of them.
/// Each step therefore tries a window of starting points, and between steps the time used up is looked at.
struct PatternSearch: ~Copyable {
  /// Why a search was given up, as a number of PCRE2.
  struct Failure: Error {
    var number: CInt
  }

  private static let budget = Duration.seconds(10)
  private static let step = Duration.milliseconds(20)

  private let code: OpaquePointer
  private let match: OpaquePointer?
  private let context: OpaquePointer?
  private let stack: OpaquePointer?

  init(_ code: OpaquePointer) {
    self.code = code
    match = pcre2_match_data_create_8(1, nil)
    context = pcre2_match_context_create_8(nil)
    stack = pcre2_jit_stack_create_8(32 << 10, 8 << 20, nil)
    pcre2_set_match_limit_8(context, 5_000_000)
    pcre2_set_heap_limit_8(context, 64 << 10)
    pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
  }

  deinit {
    pcre2_match_data_free_8(match)
    pcre2_match_context_free_8(context)
    pcre2_jit_stack_free_8(stack)
  }

  func run(_ content: [UInt8]) throws -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + Self.budget
    var start = 0
    var window = 16
    repeat {
      try Task.checkCancellation()
      let stepStart = clock.now
      guard stepStart < end else { throw Failure(number: PCRE2_ERROR_MATCHLIMIT) }
      let last = Self.characterStart(content, after: start + window)
      pcre2_set_offset_limit_8(context, last)
      let found = pcre2_match_8(code, content, content.count, start, 0, match, context)
      if found >= 0 { return true }
      guard found == PCRE2_ERROR_NOMATCH else { throw Failure(number: found) }
      start = last + 1
      if clock.now - stepStart < Self.step { window *= 2 } else { window = max(1, window / 2) }
      while start < content.count, Self.isContinuation(content[start]) { start += 1 }
    } while start <= content.count
    return false
  }

  /// The first place at or after `position` that is not inside a character.
  private static func characterStart(_ content: [UInt8], after position: Int) -> Int {
    var position = min(position, content.count)
    while position < content.count, isContinuation(content[position]) { position += 1 }
    return position
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
