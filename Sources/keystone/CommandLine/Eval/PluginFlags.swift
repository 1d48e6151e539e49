/// Splits what the command line's own options leave over into spec files and settings of plugins.
enum PluginFlags {
  /// Reads `-flag value` and `-flag=value`, with one dash or two; everything else is a file.
  static func split(_ arguments: [String]) -> (files: [String], flags: [String: String]) {
    var files: [String] = []
    var flags: [String: String] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-" else {
        files.append(argument)
        continue
      }
      let name = argument.drop { $0 == "-" }
      if let equals = name.firstIndex(of: "=") {
        flags[String(name[..<equals])] = String(name[name.index(after: equals)...])
      } else {
        flags[String(name)] = rest.popFirst() ?? ""
      }
    }
    return (files, flags)
  }
}
