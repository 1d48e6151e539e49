import Foundation
import Testing

/// What the linker made: a plugin exports one symbol and needs nothing that its author did not ask for.
@Suite struct LinkageTests {
  /// The toolchain's own libraries, and those of the C library.
  private static let allowed: Set = [
    "libswiftCore.so", "libswift_Concurrency.so", "libswift_StringProcessing.so", "libswift_RegexParser.so",
    "libswiftGlibc.so", "libswiftSwiftOnoneSupport.so", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
  ]

  /// What single plugins need beside those.
  private static let additions: [String: Set<String>] = [
    "libkeystone_file_content.so": ["libpcre2-8.so.0"], "libkeystone_http_mock_assertions.so": ["libpcre2-8.so.0"],
    // swift-subprocess uses it.
    "libkeystone_git_repo.so": ["libswiftSynchronization.so"],
  ]

  @Test func everyPluginExportsExactlyItsEntryPoint() throws {
    for file in try Self.plugins() {
      #expect(try Binary(file).exportedSymbols == ["keystone_plugin_1"], "\(file)")
    }
  }

  @Test func noPluginNeedsFoundationOrAnythingElseUnasked() throws {
    for file in try Self.plugins() {
      let name = URL(filePath: file).lastPathComponent
      let needed = try Binary(file).neededLibraries
      #expect(!needed.isEmpty)
      let unexpected = needed.subtracting(Self.allowed).subtracting(Self.additions[name] ?? [])
      #expect(unexpected == [], "\(name)")
    }
  }

  @Test func theProgramForIsolatedPluginsNeedsTheCLibraryAlone() throws {
    #expect(
      try Binary(IsolatedParts.helper()).neededLibraries.subtracting(["libdl.so.2", "libpthread.so.0"]) == ["libc.so.6"]
    )
  }

  @Test func keystoneKitImportsTheToolchainAlone() throws {
    let allowed: Set = ["Glibc", "Synchronization", "CKeystonePlugin"]
    let files = FileManager.default.enumerator(atPath: "\(Binary.root)/Sources/KeystoneKit")
    let sources = (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
    #expect(sources.count > 40)
    for source in sources {
      let text = try String(contentsOfFile: "\(Binary.root)/Sources/KeystoneKit/\(source)", encoding: .utf8)
      for match in text.matches(of: /(?m)^(?:@\w+ )?(?:public |package |internal )?import (\w+)/) {
        #expect(allowed.contains(String(match.1)), "\(source)")
      }
    }
  }

  /// The built-ins, one for each folder of their sources, and the Swift test plugin.
  private static func plugins() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(Binary.root)/Sources/Plugins")
      .filter { !$0.contains(".") }
    #expect(names.count >= 16)
    let folder = URL(filePath: try RegistryParts.echoFile()).deletingLastPathComponent().path
    return try [RegistryParts.echoFile()] + names.map { "\(folder)/libkeystone_\($0).so" }
  }
}

/// A program or a shared library, as the linker's tools see it.
struct Binary {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private let file: String

  init(_ file: String) { self.file = file }

  var exportedSymbols: [String] {
    get throws {
      let lines = try Self.output(of: ["nm", "-D", "--defined-only", "--extern-only", file]).split(separator: "\n")
      return lines.compactMap { $0.split(separator: " ").last.map(String.init) }
    }
  }

  var neededLibraries: Set<String> {
    get throws {
      Set(try Self.output(of: ["readelf", "-d", file]).matches(of: /NEEDED.*\[(.*)\]/).map { String($0.1) })
    }
  }

  /// What a program prints; fails the test unless it exits with 0.
  static func output(of arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments.joined(separator: " ")) failed")
    return String(decoding: output, as: UTF8.self)
  }
}
