import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// An installation in a folder of its own: built-ins, the helper, and a user's data.
struct RegistryParts {
  let installation: Installation

  /// An installation with these files as its built-ins; `listed` overrides what the list says.
  init(_ builtins: [String: String] = [:], listed: [String: String] = [:]) throws {
    let root = try IsolatedParts.emptyFolder()
    installation = Installation(builtinsFolder: "\(root)/bin", dataFolder: "\(root)/data")
    try FileManager.default.createDirectory(atPath: installation.builtinsFolder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: IsolatedParts.helper(), toPath: installation.pluginHost)
    for (name, source) in builtins {
      try FileManager.default.copyItem(atPath: source, toPath: "\(installation.builtinsFolder)/\(name)")
    }
    var list = try builtins.mapValues { try FileReader($0).digest() }
    list.merge(listed) { _, said in said }
    let entries = list.sorted { $0.key < $1.key }.map { "{\"file\": \"\($0.key)\", \"sha256\": \"\($0.value)\"}" }
    try "{\"plugins\": [\(entries.joined(separator: ", "))]}".write(
      toFile: "\(installation.builtinsFolder)/builtins.json", atomically: true, encoding: .utf8)
  }

  /// An installation whose one built-in is the Swift test plugin.
  static func echo() throws -> RegistryParts { try RegistryParts(["libTestPlugin_echo.so": echoFile()]) }

  /// The Swift test plugin, which the package's build puts beside the tests.
  static func echoFile() throws -> String {
    let file = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "libTestPlugin_echo.so").path
    try #require(FileManager.default.fileExists(atPath: file), "\(file) is missing: build the whole package")
    return file
  }

  /// A C plugin with a descriptor of one's own that answers every `evaluate` with the text `answer`.
  static func library(
    _ file: String, name: String, version: String = "1.0.0", abi: Int = 1, types: [String] = ["thing"],
    permissions: String = "{}", answer: String = "{}"
  ) throws -> String {
    let types = types.map { "{\"point\": \"invariant\", \"type\": \"\($0)\", \"description\": \"d\"}" }
    return try IsolatedParts.library(
      file,
      source: """
        #include "keystone_plugin_easy.h"
        static void evaluate(ks_request *request) {
          static const char answer[] = \(quoted(answer));
          ks_answer_with(request, KS_OK, answer, sizeof answer - 1);
        }
        static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};
        KS_PLUGIN(methods, KS_JSON({"name": "\(name)", "version": "\(version)", "abi": \(abi), "concurrency": 2,
          "permissions": \(permissions), "types": [\(types.joined(separator: ", "))]}))
        """)
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacingOccurrences(of: "\"", with: "\\\"") + "\""
  }

  /// A scenario that nothing runs.
  static var scenario: Scenario {
    Scenario(id: "scenario", sandboxID: "sandbox", specID: "spec", task: AgentTask(prompt: ""))
  }

  func open(_ options: PluginOptions = PluginOptions()) async -> PluginRegistry {
    await PluginRegistry.open(installation, options: options)
  }
}

extension PluginRegistry {
  /// Evaluates an invariant and answers with its reason.
  func reason(
    _ type: String, _ parameters: JSONValue = [:], budget: Duration? = nil,
    services: any HostServiceHandler = NoHostServices()
  ) async throws -> String {
    let installed = try #require(self.type(.invariant, type), "there is no type \(type)")
    let body: JSONValue = [
      "type": .string(installed.descriptor.type), "name": "check", "parameters": parameters, "services": [:],
      "scenario": try JSONValueEncoder().encode(RegistryParts.scenario),
    ]
    let answer = try await call(installed, "evaluate", body.bytes, budget: budget, services: services)
    return try #require(JSONValue(parsing: answer)["reason"]?.string)
  }

  /// The error an evaluation ends with.
  func failure(_ type: String, _ parameters: JSONValue = [:], budget: Duration? = nil) async throws -> PluginError {
    try await #require(throws: PluginError.self) { _ = try await self.reason(type, parameters, budget: budget) }
  }
}
