internal import CPCRE2

/// A regular expression (PCRE2) from a client, matched within bounds.
struct RulePattern: ~Copyable {
  private let code: OpaquePointer

  init(_ pattern: String) throws(InvalidRecord) {
    var number: CInt = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    guard
      let code = pcre2_compile_8(
        bytes, bytes.count, PCRE2_UTF | PCRE2_MULTILINE, &number, &offset, nil)
    else {
      var text = [UInt8](repeating: 0, count: 256)
      let count = pcre2_get_error_message_8(number, &text, text.count)
      let reason = String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
      throw InvalidRecord("`pattern` is no regular expression: \(reason) at byte \(offset)")
    }
    self.code = code
  }

  deinit { pcre2_code_free_8(code) }

  /// Whether it matches somewhere.
  ///
  /// - Throws: ``InvalidRecord`` when that takes too much work.
  func matches(_ text: String) throws(InvalidRecord) -> Bool {
    let match = pcre2_match_data_create_8(1, nil)
    let context = pcre2_match_context_create_8(nil)
    defer {
      pcre2_match_data_free_8(match)
      pcre2_match_context_free_8(context)
    }
    pcre2_set_match_limit_8(context, 2_000_000)
    pcre2_set_heap_limit_8(context, 64 << 10)
    let bytes = Array(text.utf8)
    let result = pcre2_match_8(code, bytes, bytes.count, 0, 0, match, context)
    if result >= 0 { return true }
    guard result == PCRE2_ERROR_NOMATCH else {
      throw InvalidRecord("matching `pattern` takes too much work; write it without nested repetition")
    }
    return false
  }
}
