import CChild
import Glibc
import KeystoneKit

/// What the process of an isolated plugin may reach: nothing but what stands here.
package struct Confinement: Sendable, Equatable {
  /// Whether it may open connections; it has no network otherwise, not even a loopback shared with the host.
  package var network: Bool
  /// Absolute paths it may read.
  package var readPaths: [String]
  /// Absolute paths it may read and write.
  package var writePaths: [String]
  /// What its environment holds beside PATH, HOME, LANG and TMPDIR.
  package var environment: [String: String]
  /// Whether the system's programs are there to be run.
  package var exec: Bool
  /// The plugin's own folder, which must exist: its home and its working directory.
  package var stateFolder: String

  /// A confinement; no permission by default.
  package init(
    network: Bool = false, readPaths: [String] = [], writePaths: [String] = [], environment: [String: String] = [:],
    exec: Bool = false, stateFolder: String
  ) {
    self.network = network
    self.readPaths = readPaths
    self.writePaths = writePaths
    self.environment = environment
    self.exec = exec
    self.stateFolder = stateFolder
  }
}

extension Confinement {
  /// The arguments of `bwrap` that come before the program it runs.
  func bubblewrapArguments(file: String, helper: String) -> [String] {
    var arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if geteuid() == 0 { arguments += ["--unshare-user", "--uid", "65534", "--gid", "65534"] }
    if network { arguments.append("--share-net") }
    arguments += systemArguments
    arguments += ["--proc", "/proc", "--dev", "/dev", "--size", "\(64 << 20)", "--tmpfs", "/tmp"]
    for path in runtimePaths(file: file, helper: helper) { arguments += ["--ro-bind", path, path] }
    for path in readPaths { arguments += ["--ro-bind-try", path, path] }
    for path in writePaths { arguments += ["--bind-try", path, path] }
    return arguments + ["--bind", stateFolder, stateFolder, "--chdir", stateFolder, "--remount-ro", "/", "--"]
  }

  /// A plugin that may run programs may run some that need what the filter refuses, such as another sandbox.
  var filterArguments: [String] { exec ? [] : ["--filtered"] }

  /// The system, read-only: its libraries, and its programs only for a plugin that may run some.
  private var systemArguments: [String] {
    var paths = ["/lib", "/lib64", "/lib32", "/libx32", "/etc/ld.so.cache", "/etc/localtime"]
    paths += exec ? ["/usr", "/bin", "/sbin", "/etc/alternatives"] : ["/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"]
    if network {
      paths += ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/ssl", "/etc/pki"]
      if !exec { paths.append("/usr/share/ca-certificates") }
    }
    return paths.flatMap { path in
      // `/lib` is a link on most systems; as a bind it would hide that to the loader.
      if let target = linkTarget(path), !path.hasPrefix("/etc") { return ["--symlink", target, path] }
      return ["--ro-bind-try", path, path]
    }
  }

  /// What the child needs to start: the helper, the plugin, and the Swift runtime that the host uses itself.
  private func runtimePaths(file: String, helper: String) -> [String] {
    var paths = [helper, file]
    for path in [SwiftRuntime.libraryFolder, SwiftRuntime.backtracer] {
      if let path, !path.hasPrefix("/usr/lib/") { paths.append(path) }
    }
    return paths
  }

  private func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }
}

/// Where the Swift runtime that this process uses lies.
enum SwiftRuntime {
  /// The folder of `libswiftCore.so`, or `nil` when the runtime is linked statically.
  static let libraryFolder: String? = {
    guard let name = ks_symbol_file("swift_retain"), let resolved = realpath(name, nil) else { return nil }
    defer { free(resolved) }
    let path = String(cString: resolved)
    guard path.hasSuffix("/libswiftCore.so"), let slash = path.lastIndex(of: "/") else { return nil }
    return String(path[..<slash])
  }()

  /// The program that writes crash reports, where there is one.
  static let backtracer: String? = {
    guard let libraryFolder else { return nil }
    let candidates = [
      "\(libraryFolder)/swift-backtrace", "\(libraryFolder)/../../../libexec/swift/linux/swift-backtrace",
    ]
    for candidate in candidates where access(candidate, X_OK) == 0 {
      guard let resolved = realpath(candidate, nil) else { continue }
      defer { free(resolved) }
      return String(cString: resolved)
    }
    return nil
  }()

  /// The settings with which a crash report takes a fraction of a second and says what is needed.
  static var backtraceSettings: String {
    guard let backtracer else { return "enable=no" }
    return "enable=yes,color=no,interactive=no,threads=crashed,registers=none,images=none,limit=16,"
      + "symbolicate=fast,swift-backtrace=\(backtracer)"
  }
}
