import Foundation
import GRDB
import KeystoneExperiment
import KeystoneKit
import Testing

@testable import KeystoneStore

@Suite(.timeLimit(.minutes(2)))
struct StoreFileTests {
  let folder: StoreFolder

  init() throws {
    folder = try StoreFolder()
  }

  func failure(_ path: String) async -> StoreFailure? {
    do {
      _ = try await SQLiteStore.open(path)
      return nil
    } catch {
      return error as? StoreFailure
    }
  }

  /// Runs a statement in another process, as another program would.
  func sqlite(_ statement: String) throws -> String {
    let script = folder.path + "/statement.py"
    let program = """
      import sqlite3
      connection = sqlite3.connect(\"\(folder.file)\")
      print(connection.execute(\"\(statement)\").fetchall())
      connection.commit()
      """
    try Data(program.utf8).write(to: URL(fileURLWithPath: script))
    let output = try #require(popen("python3 '\(script)' 2>&1", "r"))
    defer { pclose(output) }
    var text: [UInt8] = []
    while case let byte = fgetc(output), byte != EOF { text.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: text, as: UTF8.self)
  }

  @Test func theFileIsTheOwnersOnlyAndSaysWhatItIs() async throws {
    let store = try await SQLiteStore.open(folder.file)
    for name in ["", "-wal", "-shm"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file + name)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
    let header = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file)))
    #expect(Array(header[68..<72]) == Array("KEYS".utf8))
    #expect(try await store.experiments(latest: 1).isEmpty)
  }

  @Test func whatIsWrittenIsThereAfterOpeningAgain() async throws {
    let id = ExperimentRecord.example().id
    try await SQLiteStore.open(folder.file).create(.example(), scenarios: PlannedScenario.examples(3))
    let store = try await SQLiteStore.open(folder.file)
    var written = ExperimentRecord.example()
    written.total = 3
    #expect(try await store.experiment(id) == written)
    #expect(try await store.pending(id).count == 3)
  }

  @Test func manyMayOpenANewFileAtOnce() async throws {
    try await withThrowingTaskGroup(of: Void.self) { [folder] group in
      for index in 0..<8 {
        group.addTask {
          let store = try await SQLiteStore.open(folder.file)
          try await store.create(.example("exp-\(index)"), scenarios: PlannedScenario.examples(2))
        }
      }
      try await group.waitForAll()
    }
    #expect(try await SQLiteStore.open(folder.file).experiments(latest: 100).count == 8)
  }

  @Test func aFileOfSomethingElseIsRefusedAndLeftAsItWas() async throws {
    let text = folder.path + "/notes.txt"
    try Data("my notes, longer than nothing".utf8).write(to: URL(fileURLWithPath: text))
    #expect(await failure(text)?.code == .unusable)
    #expect(try String(contentsOfFile: text, encoding: .utf8) == "my notes, longer than nothing")
    try FileManager.default.createDirectory(atPath: folder.path + "/store", withIntermediateDirectories: true)
    _ = try sqlite("CREATE TABLE other (x)")
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.file))
    #expect(await failure(folder.file)?.message.contains("not a store of Keystone") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == before)
  }

  @Test func aFolderOrAPathBelowAFileIsRefused() async throws {
    try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: true)
    #expect(await failure(folder.file)?.code == .unusable)
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/file"))
    #expect(await failure(folder.path + "/file/keystone.db")?.code == .unusable)
  }

  @Test func aFileOfALaterVersionIsRefused() async throws {
    _ = try await SQLiteStore.open(folder.file)
    _ = try sqlite("INSERT INTO grdb_migrations VALUES ('999: from the future')")
    #expect(await failure(folder.file)?.code == .newer)
  }

  @Test func theFileItselfDefendsAVerdict() async throws {
    let store = try await SQLiteStore.open(folder.file)
    try await store.create(.example(), scenarios: PlannedScenario.examples(1))
    try await store.finish("c0-r0", of: ExperimentRecord.example().id, result: ["status": "pass"])
    _ = try sqlite("UPDATE scenarios SET status = 'queued', result = NULL")
    #expect(try await store.results(of: ExperimentRecord.example().id) == [["status": "pass"]])
  }

  @Test func aCommitIsForcedToTheDisk() async throws {
    let store = try await SQLiteStore.open(folder.file)
    let settings = try await store.write { database in
      (try String.fetchOne(database, sql: "PRAGMA journal_mode"), try Int.fetchOne(database, sql: "PRAGMA synchronous"))
    }
    #expect(settings == ("wal", 2))
  }

  @Test func nothingAcknowledgedIsLostWhenTheProcessIsKilled() async throws {
    let (file, log) = (folder.file, folder.path + "/acknowledged")
    await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as String, log = log as String] in
      let store = try await SQLiteStore.open(file)
      try await store.create(.example(), scenarios: PlannedScenario.examples(2_000))
      let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<2_000 {
          group.addTask {
            let result: JSONValue = ["n": .integer(Int64(index))]
            try await store.finish("c0-r\(index)", of: ExperimentRecord.example().id, result: result)
            let line = Array("\(index)\n".utf8)
            _ = write(descriptor, line, line.count)
            if index == 700 { kill(getpid(), SIGKILL) }
          }
        }
        try await group.waitForAll()
      }
    }
    let acknowledged = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").compactMap { Int64($0) }
    let store = try await SQLiteStore.open(file)
    let kept = Set(try await store.results(of: ExperimentRecord.example().id).compactMap { $0["n"]?.int })
    #expect(!acknowledged.isEmpty)
    #expect(kept.isSuperset(of: acknowledged))
    #expect(try await store.pending(ExperimentRecord.example().id).count == 2_000 - kept.count)
    #expect(try sqlite("PRAGMA integrity_check").contains("ok"))
  }
}
