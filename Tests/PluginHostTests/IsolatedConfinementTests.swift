import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

#if arch(x86_64)
  private let machineIsX86 = true
#else
  private let machineIsX86 = false
#endif

private let hasBubblewrap = FileManager.default.isExecutableFile(atPath: "/usr/bin/bwrap")

/// A confined plugin reaches exactly what it was given.
@Suite(.enabled(if: hasBubblewrap, "bubblewrap is not installed"))
struct IsolatedConfinementTests {
  private func start(_ change: (inout Confinement) throws -> Void = { _ in }) async throws -> IsolatedPlugin {
    var confinement = Confinement(stateFolder: try IsolatedParts.emptyFolder())
    try change(&confinement)
    return try await startIsolated("c_reach", confinement: confinement)
  }

  private func open(_ plugin: IsolatedPlugin, _ path: String, write: Bool = false) async throws -> String? {
    try await failure(plugin, "reach/open", "{\"path\": \"\(path)\", \"write\": \(write)}")
  }

  /// The error that the plugin met, or `nil` when it got through.
  private func failure(_ plugin: IsolatedPlugin, _ method: String, _ body: String) async throws -> String? {
    try JSONValue(parsing: await plugin.session.call(method, Array(body.utf8)))["error"]?.string
  }

  @Test func nothingButTheStateFolderCanBeWritten() async throws {
    let folder = try IsolatedParts.emptyFolder()
    let plugin = try await start { $0.stateFolder = folder }
    #expect(try await open(plugin, "\(folder)/kept", write: true) == nil)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/kept"))
    #expect(try await open(plugin, "/usr/lib/evil.so", write: true) != nil)
    #expect(try await open(plugin, "/evil", write: true) != nil)
    #expect(try await open(plugin, IsolatedParts.plugin("c_reach"), write: true) != nil)
    await plugin.stop()
  }

  @Test(arguments: ["/etc/passwd", "/etc/shadow", "/root", "/home", "/run", "/var", "/bin/sh", "/usr/bin/env"])
  func theSystemIsNotThere(path: String) async throws {
    let plugin = try await start()
    #expect(try await open(plugin, path) == "No such file or directory")
    await plugin.stop()
  }

  /// Numbers of x86-64, of calls that answer otherwise without the filter whoever makes them: ptrace, keyctl, unshare,
  /// personality, process_vm_writev, kcmp, request_key, then io_uring_setup and clone3.
  @Test(
    .enabled(if: machineIsX86),
    arguments: [101, 250, 272, 135, 311, 312, 249].map { ($0, "Operation not permitted") }
      + [425, 435].map { ($0, "Function not implemented") })
  func systemCallsThatNoPluginNeedsAreRefused(_ number: Int, _ error: String) async throws {
    let plugin = try await start()
    #expect(try await failure(plugin, "reach/call", "{\"number\": \(number)}") == error)
    await plugin.stop()
    // Whoever may run programs may run one that traces or makes namespaces.
    let free = try await start { $0.exec = true }
    #expect(try await failure(free, "reach/call", "{\"number\": \(number)}") != error)
    await free.stop()
  }

  @Test func pathsAreThereWhenGranted() async throws {
    let (readable, writable) = (try IsolatedParts.emptyFolder(), try IsolatedParts.emptyFolder())
    try "text".write(toFile: "\(readable)/a", atomically: true, encoding: .utf8)
    let closed = try await start()
    #expect(try await open(closed, "\(readable)/a") != nil)
    await closed.stop()
    let plugin = try await start {
      $0.readPaths = [readable]
      $0.writePaths = [writable]
    }
    #expect(try await open(plugin, "\(readable)/a") == nil)
    #expect(try await open(plugin, "\(readable)/b", write: true) == "Read-only file system")
    #expect(try await open(plugin, "\(writable)/b", write: true) == nil)
    await plugin.stop()
  }

  @Test(arguments: [false, true]) func networkIsThereOnlyWhenGranted(network: Bool) async throws {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(server) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(server, pointer, size)
        _ = listen(server, 1)
        _ = getsockname(server, pointer, &size)
      }
    }
    let plugin = try await start { $0.network = network }
    let port = UInt16(bigEndian: address.sin_port)
    let error = try await failure(plugin, "reach/connect", "{\"port\": \(port)}")
    #expect((error == nil) == network)
    await plugin.stop()
  }

  @Test(arguments: [false, true]) func programsRunOnlyWhenGranted(exec: Bool) async throws {
    let plugin = try await start { $0.exec = exec }
    #expect((try await failure(plugin, "reach/run", "{\"path\": \"/bin/true\"}") == nil) == exec)
    await plugin.stop()
  }

  @Test func otherProcessesCannotBeSeen() async throws {
    let plugin = try await start()
    #expect(try await failure(plugin, "reach/kill", "{\"pid\": \(getpid())}") == "No such process")
    await plugin.stop()
  }

  @Test func environmentIsEmptyButForWhatIsGranted() async throws {
    setenv("KEYSTONE_TEST_SECRET", "hidden", 1)
    let plugin = try await start { $0.environment = ["GIVEN": "yes"] }
    #expect(try await plugin.text("reach/variable", "{\"name\": \"KEYSTONE_TEST_SECRET\"}") == "{\"value\": null}")
    #expect(try await plugin.text("reach/variable", "{\"name\": \"GIVEN\"}") == "{\"value\": \"yes\"}")
    await plugin.stop()
  }

  @Test func limitsAreSet() async throws {
    let plugin = try await start()
    #expect(try await plugin.text("reach/limits") == "{\"files\": 1024, \"cores\": 0}")
    await plugin.stop()
  }

  @Test func deathInsideIsTold() async throws {
    let folder = try IsolatedParts.emptyFolder()
    let crashed = try await startIsolated("c_faults", confinement: Confinement(stateFolder: folder))
    #expect(try await crashed.error("fault/crash").message.contains("crashed with signal 11 (SIGSEGV)"))
    let exited = try await startIsolated("c_faults", confinement: Confinement(stateFolder: folder))
    #expect(try await exited.error("fault/exit", "{\"status\": 3}").message.contains("exit status 3"))
    let hung = try await startIsolated("c_faults", confinement: Confinement(stateFolder: folder))
    let call = hung.session.begin("fault/hang", [])
    await hung.stop()
    await #expect(throws: PluginError.self) { try await call.result() }
  }

  @Test func confinementThatFailsIsSaidToBeTheReason() async throws {
    let error = try await #require(throws: PluginError.self) { _ = try await start { $0.stateFolder = "/nowhere" } }
    #expect(error.message.contains("cannot be used: bubblewrap could not confine it"))
    #expect(error.message.contains("/nowhere"))
  }
}
