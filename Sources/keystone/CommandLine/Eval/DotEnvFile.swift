import Glibc

/// Reads `.env` and `.env.local` of the current directory (cli.md 2.2).
enum DotEnvFile {
  /// `environment` with what the files add; a variable that is set already wins, and `.env.local` wins over `.env`.
  static func merged(into environment: [String: String]) -> [String: String] {
    var found: [String: String] = [:]
    for name in [".env", ".env.local"] { found.merge(read(name)) { _, later in later } }
    return found.merging(environment) { _, own in own }
  }

  private static func read(_ path: String) -> [String: String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return [:] }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20 else {
      return [:]
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return parse(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
  }

  /// Reads `NAME=value` lines with optional `export`, comments and quotes.
  static func parse(_ text: String) -> [String: String] {
    var variables: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      var line = line.drop { $0 == " " || $0 == "\t" }
      if line.hasPrefix("export ") { line = line.dropFirst(7).drop { $0 == " " } }
      guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
      let name = line[..<equals].filter { $0 != " " }
      let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      if isName { variables[String(name)] = value(line[line.index(after: equals)...]) }
    }
    return variables
  }

  private static func value(_ text: Substring) -> String {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    for quote: Character in ["\"", "'"] where text.first == quote {
      if let end = text.dropFirst().firstIndex(of: quote) {
        return String(text[text.index(after: text.startIndex)..<end])
      }
    }
    if let comment = text.firstRange(of: " #") { text = text[..<comment.lowerBound] }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
