public import KeystoneKit
import RegularExpression

/// Looks for a string or a regular expression in a file.
struct FileContent: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Path, relative to the workspace.", examples: ["src/main.ts"]) var path: String
    @Parameter("Text the file must contain.") var contains: String?
    @Parameter("Text the file must not contain.") var notContains: String?
    @Parameter(
      "Regular expression (PCRE2) that must match somewhere; `^` and `$` match at every line, and `(?-m)` changes that.",
      examples: ["^version = \"\\d+\"$"])
    var pattern: String?
  }

  static let type = "file_content"
  static let summary = "Checks what a file contains, does not contain, or matches."

  /// Larger files are not read: a check is no place for them, and an agent may have left one as a trap.
  private static let largestFile = 64 << 20

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    var problems = SandboxPath(parameters.path).diagnostics(at: "$.path")
    if parameters.contains == nil, parameters.notContains == nil, parameters.pattern == nil {
      problems.append(.init(path: "$", message: "one of `contains`, `not_contains` and `pattern` is needed"))
    }
    problems += Self.diagnostics(parameters.contains, isLiteral: true, at: "$.contains")
    problems += Self.diagnostics(parameters.notContains, isLiteral: true, at: "$.not_contains")
    problems += Self.diagnostics(parameters.pattern, isLiteral: false, at: "$.pattern")
    return problems
  }

  private static func diagnostics(
    _ pattern: String?, isLiteral: Bool, at path: String
  ) -> [PluginError.Diagnostic] {
    guard let pattern else { return [] }
    do {
      _ = try RegularExpression(pattern, isLiteral: isLiteral)
      return []
    } catch {
      return [.init(path: path, message: error.message)]
    }
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let content: [UInt8]
    do {
      content = try await context.sandbox.read(SandboxPath(parameters.path), limit: Self.largestFile)
    } catch let error as PluginError where Self.isOfTheFile(error.code) {
      return .fail(error.code == .notFound ? "\(parameters.path) does not exist" : error.message)
    }
    if let text = parameters.contains, try !RegularExpression(text, isLiteral: true).matches(content) {
      return .fail("\(parameters.path) does not contain \(quoted(text))")
    }
    if let text = parameters.notContains, try RegularExpression(text, isLiteral: true).matches(content) {
      return .fail("\(parameters.path) contains \(quoted(text))")
    }
    if let pattern = parameters.pattern, try !RegularExpression(pattern).matches(content) {
      return .fail("\(parameters.path) does not match \(quoted(pattern))")
    }
    return .pass("\(parameters.path) is as expected")
  }

  /// Whether the agent can be blamed: the file is missing, unreadable, no regular file, or too large.
  private static func isOfTheFile(_ code: PluginError.Code) -> Bool {
    [.notFound, .denied, .invalid, .exhausted].contains(code)
  }

  private func quoted(_ text: String) -> String {
    text.count <= 80 ? "`\(text)`" : "`\(text.prefix(80))…`"
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("file_content", version: "1.0.0", FileContent.self).export(to: host)
}
