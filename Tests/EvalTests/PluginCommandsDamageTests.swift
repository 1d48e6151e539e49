import Glibc
import KeystoneKit
import Testing

/// An installation from which files are missing, or in which they were changed.
@Suite struct PluginCommandsDamageTests {
  @Test func deletingOnePluginFailsExactlyTheSpecsThatUseIt() async throws {
    let installation = try await PluginCommandsInstallation()
    let specs = try installation.writeSpecs()
    for (type, file) in specs {
      let outcome = try await installation.keystone(["spec", "check", file])
      #expect(outcome.exitCode == 0, "\(type): \(outcome)")
    }
    for gone in ["file_exists", "custom"] {
      let library = "\(installation.folder)/libkeystone_\(gone).so"
      rename(library, library + ".away")
      for (type, file) in specs {
        let outcome = try await installation.keystone(["spec", "check", file])
        #expect(outcome.exitCode == (type == gone ? 2 : 0), "\(type) without \(gone): \(outcome)")
        if type == gone {
          expect(
            outcome.stderr, has: "\(gone).yaml:", "libkeystone_\(gone).so", "make install", "invariants.c.check.type")
        }
      }
      let run = try await installation.keystone(["eval", "run", try #require(specs[gone])])
      #expect(run.exitCode == 2, "\(run)")
      let list = try await installation.keystone(["plugin", "list"])
      #expect(list.exitCode == 0 && !list.stdout.contains("invariant  \(gone) "), "\(list)")
      #expect(list.stdout.split(separator: "\n").count > 12)
      rename(library + ".away", library)
    }
  }

  @Test func aPluginThatWasNeverSeenIsMissedByItsFileName() async throws {
    let installation = try await PluginCommandsInstallation()
    let specs = try installation.writeSpecs()
    unlink("\(installation.folder)/libkeystone_file_exists.so")
    let outcome = try await installation.keystone(["spec", "check", try #require(specs["file_exists"])])
    #expect(outcome.exitCode == 2)
    expect(outcome.stderr, has: "libkeystone_file_exists.so", "make install")
  }

  @Test(arguments: ["x", ""])
  func aPluginThatWasChangedIsRefusedAndTheOthersLoad(_ addition: String) async throws {
    let installation = try await PluginCommandsInstallation()
    let specs = try installation.writeSpecs()
    let library = "\(installation.folder)/libkeystone_file_content.so"
    // The digests of the unchanged files are known by now.
    let before = try JSONValue(parsing: try await installation.keystone(["plugin", "list", "--format", "json"]).stdout)
    let count = try #require(before["types"]?.array?.count)
    let bytes = try #require(FileBytes.read(library))
    try FileBytes.write(addition.isEmpty ? [] : bytes + Array(addition.utf8), to: library, mode: 0o755)
    let list = try await installation.keystone(["plugin", "list"])
    #expect(list.exitCode == 0, "\(list)")
    expect(list.stdout, has: "refused:", "libkeystone_file_content.so", "make install")
    let json = try JSONValue(parsing: try await installation.keystone(["plugin", "list", "--format", "json"]).stdout)
    #expect(json["refused"]?.array?.count == 1 && json["types"]?.array?.count == count - 1, "\(json.pretty())")
    for (type, file) in specs {
      let outcome = try await installation.keystone(["spec", "check", file])
      #expect(outcome.exitCode == (type == "file_content" ? 2 : 0), "\(type): \(outcome)")
    }
  }

  @Test func filesThatTheBuildDidNotNameAreIgnored() async throws {
    let installation = try await PluginCommandsInstallation()
    let before = try await installation.keystone(["plugin", "list"])
    try await run(
      ["sh", "-c", "cp libkeystone_cli.so libkeystone_evil.so; echo x > libkeystone_junk.so; mkfifo libkeystone_f.so"],
      in: installation.folder)
    let after = try await installation.keystone(["plugin", "list"])
    #expect(after.exitCode == 0 && after.stdout == before.stdout && after.stderr.isEmpty, "\(after)")
  }

  @Test(arguments: [
    nil, "", "{", "[]", "{}", #"{"plugins": [{}]}"#, #"{"plugins": [{"file": "../x.so", "sha256": "00"}]}"#,
    #"{"plugins": [{"file": "libkeystone_cli.so", "sha256": 7}]}"#, "\u{0}\u{1}\u{2}",
  ])
  func aListThatCannotBeReadIsSaidSo(_ text: String?) async throws {
    let installation = try await PluginCommandsInstallation()
    unlink("\(installation.folder)/builtins.json")
    if let text { try FileBytes.write(Array(text.utf8), to: "\(installation.folder)/builtins.json") }
    let list = try await installation.keystone(["plugin", "list"])
    #expect(list.exitCode == 0, "\(list)")
    expect(list.stdout, has: "builtins.json", "make install")
    let spec = try installation.workspace.write(EvalSpec())
    let check = try await installation.keystone(["spec", "check", spec])
    #expect(check.exitCode == 2, "\(check)")
    expect(check.stderr, has: "command_exit")
  }
}
