import Glibc

/// Where the host's own parts and its user's data lie.
package struct Installation: Sendable, Equatable {
  /// Holds `builtins.json`, the built-in plugins, `keystone-plugin-host` and `keystone-sandbox-init`.
  package var builtinsFolder: String
  /// The user's own: installed plugins and what is recorded of them, plugins' state, caches.
  package var dataFolder: String

  /// An installation in these folders, given as absolute paths.
  package init(builtinsFolder: String, dataFolder: String) {
    self.builtinsFolder = builtinsFolder
    self.dataFolder = dataFolder
  }

  /// The installation an executable belongs to, and the data folder of the user who runs it.
  ///
  /// The built-ins lie beside the executable or in `../lib/keystone`. Data lies in `$KEYSTONE_DATA_DIR`, else in
  /// `$XDG_DATA_HOME/keystone`, else in `~/.local/share/keystone`.
  ///
  /// - Parameters:
  ///   - executable: The program, as a path; links are followed.
  ///   - environment: Where the three variables are looked up; this process's environment when `nil`.
  /// - Returns: The installation, whose folders need not exist.
  package static func locate(
    executable: String = "/proc/self/exe", environment: [String: String]? = nil
  ) -> Installation {
    let beside = folder(of: resolved(executable))
    let library = resolved("\(beside)/../lib/keystone")
    let builtins = [beside, library].first { access("\($0)/\(BuiltinsList.fileName)", F_OK) == 0 } ?? beside
    return Installation(builtinsFolder: builtins, dataFolder: absolute(dataFolder(environment)))
  }

  /// The program that runs isolated plugins.
  package var pluginHost: String { "\(builtinsFolder)/keystone-plugin-host" }

  private static func dataFolder(_ environment: [String: String]?) -> String {
    func variable(_ name: String) -> String? {
      let value = environment.map { $0[name] } ?? getenv(name).map { String(cString: $0) }
      return value?.isEmpty == false ? value : nil
    }
    if let folder = variable("KEYSTONE_DATA_DIR") { return folder }
    // The XDG base directory specification says that relative paths are ignored.
    if let base = variable("XDG_DATA_HOME"), base.hasPrefix("/") { return "\(base)/keystone" }
    return "\(variable("HOME") ?? homeFromAccounts())/.local/share/keystone"
  }

  private static func homeFromAccounts() -> String {
    guard let account = getpwuid(geteuid()), let home = account.pointee.pw_dir else { return "/" }
    return String(cString: home)
  }

  private static func resolved(_ path: String) -> String {
    guard let result = realpath(path, nil) else { return path }
    defer { free(result) }
    return String(cString: result)
  }

  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension Installation {
  private var data: PrivateFolder { PrivateFolder(dataFolder) }

  /// Holds the copies of installed plugins and `plugins.json`.
  var plugins: PrivateFolder { data.folder("plugins") }

  /// Holds what can be found out again.
  var cache: PrivateFolder { data.folder("cache") }

  /// A plugin's own folder, which stays.
  func state(of plugin: String) -> PrivateFolder { data.folder("state").folder(plugin) }

  /// A plugin's own folder, which may be emptied.
  func cache(of plugin: String) -> PrivateFolder { cache.folder("plugins").folder(plugin) }
}
