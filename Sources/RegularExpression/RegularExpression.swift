import CPCRE2
package import KeystoneKit

/// A compiled regular expression in the language of PCRE2.
///
/// Content need not be UTF-8: bytes that are not match nothing. Neither the pattern nor the content can make a
/// search hang or exhaust memory: it ends in an error instead.
package struct RegularExpression: ~Copyable {
  private let code: OpaquePointer
  private let source: String

  /// Compiles a pattern, or a text that stands for nothing but itself.
  package init(_ pattern: String, isLiteral: Bool = false) throws(PluginError) {
    var number: CInt = 0
    var offset = 0
    let kind = isLiteral ? PCRE2_LITERAL : PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C
    let options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_USE_OFFSET_LIMIT | kind
    let bytes = Array(pattern.utf8)
    guard let code = pcre2_compile_8(bytes, bytes.count, options, &number, &offset, nil) else {
      let text = Self.message(number)
      let what = isLiteral ? "the text" : "the regular expression"
      throw PluginError(.invalid, "\(what) `\(pattern.prefix(80))` cannot be used, at offset \(offset): \(text)")
    }
    self.code = code
    source = pattern
    // Where there is no just-in-time compiler the interpreter is used.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit { pcre2_code_free_8(code) }

  /// Whether it matches somewhere in `content`.
  ///
  /// - Throws: ``PluginError`` when the search is too expensive, `CancellationError` when the task is cancelled.
  package func matches(_ content: [UInt8]) throws -> Bool {
    let search = PatternSearch(code)
    do {
      return try search.run(content)
    } catch let error as PatternSearch.Failure {
      let text = Self.message(error.number)
      throw PluginError(
        .exhausted, "searching for `\(source.prefix(80))` was given up: \(text); write a pattern that backtracks less")
    }
  }

  private static func message(_ number: CInt) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
    return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "error \(number)"
  }
}
