import FoundationEssentials
import Glibc
import KeystoneKit
import KeystoneTestKit
import Testing

/// The built-in plugins' files, each loaded once into this process through the same door as everywhere else.
enum Builtin {
  private static let folder: String = {
    if let folder = getenv("KEYSTONE_BIN") { return String(cString: folder) }
    return URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
  }()

  private static let loaded = Locked<[String: PluginUnderTest]>([:])

  static func load(_ name: String, settings: [String: JSONValue] = [:]) throws -> PluginUnderTest {
    try loaded.withLock { loaded in
      if let known = loaded[name] { return known }
      let plugin = try PluginUnderTest(loading: "\(folder)/libkeystone_\(name).so", settings: settings)
      loaded[name] = plugin
      return plugin
    }
  }
}
