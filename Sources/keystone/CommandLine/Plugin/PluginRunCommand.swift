import ArgumentParser
import Glibc
import KeystoneKit
import KeystonePluginHost
import KeystoneSandbox
import KeystoneTestKit

/// The command `keystone plugin run TYPE`.
struct PluginRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Asks one installed type to do its work in a folder, and prints its answer.",
    discussion: """
      Nothing isolates the folder: commands the type runs are processes of yours. A notifier is told of a made-up alert, for
      real. Exit code: 0 for a check that passes and for anything else that succeeds, 1 for a check that does not pass and for
      violations, 2 for a wrong command line, 3 for an error.
      """)

  @Argument(help: "A type, such as file_exists or acme/lines_at_most.") var type: String
  @Option(help: "The parameters, as a spec would give them, in JSON.") var params = "{}"
  @Option(help: "The folder that is the workspace.") var workspace = "."
  @Option(help: "A file with audit records, one JSON document per line, for checks and rules that ask for them.")
  var audit: String?
  @Option(help: "A file with the agent's trace, one event per line, for checks and rules that ask for it.")
  var trace: String?
  @Option(help: "How long it may take, in seconds.") var timeout = 60
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    do {
      let status = try await run(registry)
      await registry.shutdown()
      if status != Exit.passed { throw status }
    } catch let error as PluginError {
      await registry.shutdown()
      Terminal.complain("error: \(error.message)")
      if let detail = error.detail, !detail.isEmpty { Terminal.complain(detail) }
      throw error.code == .invalid ? Exit.invalid : Exit.couldNotRun
    }
  }

  private func run(_ registry: PluginRegistry) async throws -> ExitCode {
    guard let found = ExtensionPoint.allCases.lazy.compactMap({ registry.type($0, type) }).first else {
      let why = ExtensionPoint.allCases.lazy.compactMap { registry.explanation($0, type) }.first
      throw PluginError(
        .invalid, why ?? "no plugin provides a type `\(type)`; `keystone plugin list` shows those installed")
    }
    guard let parameters = try? JSONValue(parsing: params) else {
      throw PluginError(.invalid, "--params is no JSON: write for example '{\"path\": \"a.txt\"}'")
    }
    guard let folder = realpath(workspace, nil) else {
      throw PluginError(.invalid, "the workspace \(workspace) does not exist: name a folder with --workspace")
    }
    defer { free(folder) }
    let outbound = PluginOutbound()
    let testHost = try await TestHost(
      workspace: String(cString: folder), audit: try records(in: audit), trace: try records(in: trace),
      send: { try await outbound.send($0, through: nil) })
    let services = TestHostServices(host: testHost)
    let (operation, body) = try testHost.request(for: found.descriptor, parameters)
    let answer = try await registry.call(found, operation, body.bytes, budget: .seconds(timeout), services: services)
    let reply = try JSONValue(parsing: answer)
    for line in testHost.logs + testHost.progress { Terminal.complain(line) }
    if !testHost.agentOutput.isEmpty { Terminal.complain(testHost.agentOutput) }
    Terminal.show(reply.pretty() + "\n")
    let isFine = reply["passed"]?.bool ?? reply["violations"]?.array?.isEmpty ?? true
    return isFine ? Exit.passed : Exit.failed
  }

  private func records<Record: Codable>(in path: String?) throws -> [Record] {
    guard let path else { return [] }
    guard let file = fopen(path, "re") else {
      throw PluginError(.invalid, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    var records: [Record] = []
    if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    do {
      try JSONLines.take(from: &bytes, into: &records)
    } catch {
      throw PluginError(.invalid, "\(path) is not one record in JSON per line: \(PluginError(error).message)")
    }
    return records
  }
}

/// What a plugin asks for while one type is run by hand.
private struct TestHostServices: HostServiceHandler {
  let host: TestHost

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] { try await host.serve(service, call) }
}
