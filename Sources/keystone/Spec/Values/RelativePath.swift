/// The rule for paths that a spec names.
enum RelativePath {
  /// Whether the path is usable and no `..` in it leads out of the folder it starts from.
  static func staysInside(_ path: String, allowsAbsolute: Bool) -> Bool {
    guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(0) else { return false }
    if path.hasPrefix("/"), !allowsAbsolute { return false }
    var depth = 0
    for part in path.split(separator: "/") {
      if part == ".." { depth -= 1 } else if part != "." { depth += 1 }
      if depth < 0 || part == ".." && !allowsAbsolute { return false }
    }
    return true
  }
}
