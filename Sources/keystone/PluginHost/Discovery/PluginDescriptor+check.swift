package import KeystoneKit

extension PluginDescriptor {
  /// The descriptor in a plugin's answer to `keystone.plugin/1.describe`.
  ///
  /// - Throws: ``PluginError`` whose message is the rest of a sentence that begins with the plugin.
  package init(answer: [UInt8]) throws {
    do {
      self = try JSONValueDecoder().decode(Self.self, from: JSONValue(parsing: answer))
    } catch {
      throw PluginError(
        .invalid,
        "describes itself in a way that cannot be read (\(PluginError(error).message)): report this to its author")
    }
    if let problem { throw PluginError(.invalid, "\(problem): report this to its author") }
  }

  private var problem: String? {
    if abi != Boundary.version {
      return "is made for version \(abi) of the plugin boundary, and this host speaks version \(Boundary.version)"
    }
    if !isName(name, allowing: "-_") {
      return "has the name `\(name)`, which is not lower-case letters, digits, - and _"
    }
    if !isVersion(version) { return "has the version `\(version)`, which is not MAJOR.MINOR.PATCH" }
    if !(1...1024).contains(concurrency) { return "wants a concurrency of \(concurrency), which is not 1 to 1024" }
    if types.isEmpty { return "provides no type" }
    var seen: Set<String> = []
    for type in types {
      if let problem = type.problem { return problem }
      if !seen.insert("\(type.point.rawValue) \(type.type)").inserted {
        return "provides the \(type.point.rawValue) type `\(type.type)` twice"
      }
    }
    return nil
  }
}

extension TypeDescriptor {
  fileprivate var problem: String? {
    if !isName(type, allowing: "_") {
      return "has a type named `\(type)`, which is not lower-case letters, digits and _"
    }
    switch parameters {
    case .object, .bool: return nil
    default: return "gives the parameters of type `\(type)` as a \(parameters.kind) and not as a JSON Schema"
    }
  }
}

private func isName(_ name: String, allowing others: String) -> Bool {
  let others = Array(others.utf8)
  return (1...64).contains(name.utf8.count)
    && name.utf8.enumerated().allSatisfy { index, byte in
      (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || (index > 0 && others.contains(byte))
    }
}

private func isVersion(_ version: String) -> Bool {
  let core = version.prefix { $0 != "-" && $0 != "+" }
  let parts = core.split(separator: ".", omittingEmptySubsequences: false)
  return version.utf8.count <= 64 && parts.count == 3
    && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    && version.utf8.allSatisfy { (0x21...0x7e).contains($0) }
}

extension PluginPermissions {
  /// Whether these permissions hold all that `other` asks for.
  func cover(_ other: PluginPermissions) -> Bool {
    (network || !other.network) && (exec || !other.exec) && Set(other.paths).isSubset(of: paths)
      && Set(other.env).isSubset(of: env) && Set(other.secrets).isSubset(of: secrets)
  }

  /// The permissions in words, for the person who agrees to them.
  package var words: [String] {
    var words: [String] = []
    if network { words.append("open network connections of its own") }
    words += paths.map { $0.hasSuffix(":rw") ? "read and write \($0.dropLast(3))" : "read \($0)" }
    if !env.isEmpty { words.append("see the environment variables \(env.joined(separator: ", "))") }
    if exec { words.append("start programs") }
    if !secrets.isEmpty { words.append("ask for the secrets \(secrets.joined(separator: ", "))") }
    return words
  }
}
