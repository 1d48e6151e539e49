/// Turns libyaml's complaints into problems that say what to do.
enum YAMLSyntaxHint {
  static func problem(for error: YAMLSyntaxError, in bytes: [UInt8], skipped: Int) -> SpecProblem {
    let offset = min(max(error.offset + skipped, 0), bytes.count)
    let source = SourceText(bytes)
    var message = "this is not YAML: \(error.problem)"
    if let context = error.context {
      message += " \(context)"
      if let start = error.contextOffset { message += " that begins at line \(source.position(start + skipped).line)" }
    }
    return SpecProblem(
      range: offset..<offset, path: SpecPath(), message: message,
      suggestion: suggestion(for: error, at: offset, in: source))
  }

  private static func suggestion(for error: YAMLSyntaxError, at offset: Int, in source: SourceText) -> String? {
    let line = source.line(at: offset)
    if isIndentedByTab(line) || offset < source.bytes.count && source.bytes[offset] == 0x09 {
      return "indent with blanks, YAML does not allow tabs"
    }
    let text = String(decoding: line.prefix(4096), as: UTF8.self)
    if text.contains(": {{") || text.contains("- {{") { return quoteTemplate }
    if error.problem.contains("mapping values are not allowed") { return "quote the text if it contains `: `" }
    if error.problem.contains("cannot start any token") {
      return "quote the text if it begins with a special character"
    }
    if error.problem.contains("control characters") { return "remove the character, or write it as \"\\u…\"" }
    if error.problem.contains("did not find expected") { return "check the indentation and the quotes just above" }
    return nil
  }

  static let quoteTemplate = "quote templates: \"{{ … }}\""

  private static func isIndentedByTab(_ line: ArraySlice<UInt8>) -> Bool {
    line.prefix { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: "-") }.contains(0x09)
  }
}
