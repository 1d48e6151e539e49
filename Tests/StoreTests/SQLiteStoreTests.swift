import Foundation
import KeystoneExperiment
import KeystoneKit
import KeystoneStore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SQLiteStoreTests {
  let folder: StoreFolder
  let store: SQLiteStore
  let id = ExperimentRecord.example().id

  init() async throws {
    folder = try StoreFolder()
    store = try await SQLiteStore.open(folder.file)
  }

  func failure(_ body: () async throws -> Void) async -> StoreFailure.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? StoreFailure)?.code
    }
  }

  @Test func whatIsWrittenDownComesBackEqual() async throws {
    var record = ExperimentRecord.example()
    let scenarios = PlannedScenario.examples(20)
    record.total = 20
    try await store.create(record, scenarios: scenarios.reversed())
    #expect(try await store.experiment(id) == record)
    #expect(try await store.pending(id) == scenarios)
    #expect(try await store.results(of: id) == [])
    #expect(try await store.experiment("exp-none") == nil)
    #expect(try await store.pending("exp-none") == [])
  }

  @Test func aScenarioMovesFromQueuedToDone() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(3))
    try await store.start("c0-r1", of: id, sandbox: "sb-1", instance: "host-1")
    #expect(try await store.experiment(id)?.status == "running")
    #expect(try await store.pending(id).count == 3)
    let result: JSONValue = ["status": "pass", "agent_output": "a\u{0}b \"\n😀", "composite_score": 0.1]
    try await store.finish("c0-r1", of: id, result: result)
    #expect(try await store.pending(id).map(\.id) == ["c0-r0", "c0-r2"])
    #expect(try await store.results(of: id) == [result])
  }

  @Test func resultsComeInTheOrderOfTheScenarios() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(5))
    for index in [3, 0, 4, 1, 2] as [Int64] {
      try await store.finish("c0-r\(index)", of: id, result: ["n": .integer(index)])
    }
    #expect(try await store.results(of: id).map { $0["n"]?.int } == [0, 1, 2, 3, 4])
  }

  @Test func aVerdictStandsWhateverComesAfter() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(1))
    try await store.start("c0-r0", of: id, sandbox: "sb-1", instance: "host-1")
    try await store.finish("c0-r0", of: id, result: ["status": "pass"])
    #expect(await failure { try await store.finish("c0-r0", of: id, result: ["status": "fail"]) } == .conflict)
    #expect(await failure { try await store.start("c0-r0", of: id, sandbox: "sb-2", instance: "h") } == .conflict)
    #expect(try await store.requeue(abandonedBy: "host-1") == [])
    #expect(try await store.results(of: id) == [["status": "pass"]])
  }

  @Test func ofManyThatFinishOneScenarioOneSucceeds() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(1))
    let outcomes = await withTaskGroup(of: (Int, StoreFailure.Code?).self) { [store, id] group in
      for index in 0..<40 {
        group.addTask {
          (index, await failure { try await store.finish("c0-r0", of: id, result: ["n": .integer(Int64(index))]) })
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let winners = outcomes.filter { $0.1 == nil }.map { Int64($0.0) }
    #expect(winners.count == 1)
    #expect(outcomes.count { $0.1 == .conflict } == 39)
    #expect(try await store.results(of: id).map { $0["n"]?.int } == winners)
  }

  @Test func whatDoesNotExistIsNamed() async throws {
    #expect(await failure { try await store.start("c0-r0", of: id, sandbox: "s", instance: "h") } == .notFound)
    #expect(await failure { try await store.finish("c0-r0", of: id, result: [:]) } == .notFound)
    #expect(await failure { try await store.close(id, status: "completed", results: [:]) } == .notFound)
  }

  @Test func anExperimentIsCreatedOnceAndWholly() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(2))
    #expect(await failure { try await store.create(.example(), scenarios: []) } == .conflict)
    let twice = PlannedScenario.examples(1) + PlannedScenario.examples(1)
    #expect(await failure { try await store.create(.example("exp-twice"), scenarios: twice) } != nil)
    #expect(try await store.experiment("exp-twice") == nil)
    #expect(try await store.pending(id).count == 2)
  }

  @Test func closingKeepsTheResults() async throws {
    try await store.create(.example(), scenarios: [])
    #expect(try await store.closingResults(of: id) == nil)
    try await store.close(id, status: "completed", results: ["passed": 3])
    #expect(try await store.experiment(id)?.status == "completed")
    #expect(try await store.closingResults(of: id) == ["passed": 3])
    #expect(try await store.experiments(latest: 10).map(\.id) == [id])
  }

  @Test func whatADeadHostWasRunningIsQueuedAgain() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(4))
    for index in 0..<3 { try await store.start("c0-r\(index)", of: id, sandbox: "sb-\(index)", instance: "dead") }
    try await store.start("c0-r3", of: id, sandbox: "sb-3", instance: "alive")
    try await store.finish("c0-r1", of: id, result: [:])
    #expect(try await store.instancesAtWork() == ["alive", "dead"])
    let abandoned = try await store.requeue(abandonedBy: "dead")
    #expect(abandoned.map(\.scenario) == ["c0-r0", "c0-r2"])
    #expect(abandoned.map(\.sandbox) == ["sb-0", "sb-2"])
    #expect(abandoned.map(\.attempt) == [1, 1])
    #expect(try await store.instancesAtWork() == ["alive"])
    try await store.start("c0-r0", of: id, sandbox: "sb-9", instance: "new")
    #expect(try await store.requeue(abandonedBy: "new").map(\.attempt) == [2])
  }

  @Test func aFailedChangeTakesNoOtherWithIt() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(100))
    let failures = await withTaskGroup(of: StoreFailure.Code?.self) { [store, id] group in
      for index in 0..<200 {
        group.addTask { await failure { try await store.finish("c0-r\(index)", of: id, result: [:]) } }
      }
      return await group.compactMap { $0 }.reduce(into: []) { $0.append($1) }
    }
    #expect(failures.count == 100)
    #expect(failures.allSatisfy { $0 == .notFound })
    #expect(try await store.results(of: id).count == 100)
  }

  @Test func changesThatComeTogetherShareTheirCommits() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(200))
    let before = try folder.commitsInLog()
    try await withThrowingTaskGroup(of: Void.self) { [store, id] group in
      for index in 0..<200 {
        group.addTask { try await store.finish("c0-r\(index)", of: id, result: ["status": "pass"]) }
      }
      try await group.waitForAll()
    }
    #expect(try await store.pending(id).isEmpty)
    #expect(try folder.commitsInLog() - before < 50)
  }

  @Test func aChangeIsMadeEvenIfItsTaskIsCancelled() async throws {
    try await store.create(.example(), scenarios: PlannedScenario.examples(1))
    let task = Task { [store, id] in
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.finish("c0-r0", of: id, result: ["status": "pass"])
    }
    try await task.value
    #expect(try await store.results(of: id).count == 1)
  }
}
