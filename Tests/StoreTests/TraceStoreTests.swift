import KeystoneKit
import KeystoneRecords
import KeystoneStore
import Testing

/// Trace events in the store.
@Suite(.timeLimit(.minutes(1)))
struct TraceStoreTests {
  let folder: StoreFolder
  let store: SQLiteStore

  init() async throws {
    folder = try StoreFolder()
    store = try await SQLiteStore.open(folder.file)
  }

  func add(_ texts: [String], to workspace: String = "w", sandbox: String? = nil, isAudit: Bool = false) async throws {
    let events = try TraceBatch.events(
      JSONValue(parsing: "{\"events\":[\(texts.joined(separator: ","))]}"), now: "2026-01-01T00:00:00Z")
    try await store.append(
      events, of: TraceOrigin(workspace: workspace, sandbox: sandbox, experiment: sandbox.map { "exp-\($0)" }),
      isAudit: isAudit)
  }

  func filter(_ change: (inout TraceFilter) -> Void) -> TraceFilter {
    var filter = TraceFilter()
    change(&filter)
    return filter
  }

  @Test func drainingAllPagesGivesEveryEventOnce() async throws {
    for batch in 0..<7 {
      try await add((0..<33).map { #"{"event_type":"e","tool":"\#(batch)-\#($0)"}"# }, to: batch == 3 ? "other" : "w")
    }
    var (tools, last): ([String], Int64) = ([], 0)
    while case let page = try await store.traceEvents(in: "w", TraceFilter(), after: last, limit: 10), !page.isEmpty {
      tools += page.compactMap { $0["tool"]?.string }
      last = try #require(page.last?["id"]?.int)
    }
    #expect(tools == (0..<7).filter { $0 != 3 }.flatMap { batch in (0..<33).map { "\(batch)-\($0)" } })
  }

  @Test func filtersAreExactAndCombined() async throws {
    try await add([#"{"event_type":"a","tool":"x","agent":"g"}"#, #"{"event_type":"a","tool":"y"}"#], sandbox: "s")
    try await add([#"{"event_type":"b","tool":"x","ts":"2026-02-01T00:00:00Z"}"#])
    func count(_ change: (inout TraceFilter) -> Void) async throws -> Int {
      try await store.traceEvents(in: "w", filter(change), limit: 100).count
    }
    #expect(try await count { $0.type = "a" } == 2)
    #expect(try await count { $0.tool = "x" } == 2)
    #expect(
      try await count {
        $0.tool = "x"; $0.type = "a"
      } == 1)
    #expect(try await count { $0.sandbox = "s" } == 2)
    #expect(
      try await count {
        $0.experiment = "exp-s"; $0.tool = "y"
      } == 1)
    #expect(try await count { $0.agent = "g" } == 1)
    #expect(try await count { $0.since = try? TraceFilter.time("2026-01-15T00:00:00 00:00", now: 0) } == 1)
    #expect(try await count { $0.tool = "X" } == 0)
    #expect(try await store.traceEvents(in: "v", TraceFilter(), limit: 100).isEmpty)
  }

  @Test func auditedEventsAreShownToWhoAsksForTheirKind() async throws {
    try await add([#"{"event_type":"http_call"}"#], sandbox: "s", isAudit: true)
    #expect(try await store.traceEvents(in: "w", TraceFilter(), limit: 10).isEmpty)
    #expect(try await store.traceEvents(in: "w", filter { $0.type = "http_call" }, limit: 10).count == 1)
  }

  @Test func eventsAreTaggedWithTheSnapshotThatProducedThem() async throws {
    let events = try TraceBatch.events(
      JSONValue(parsing: #"{"events":[{"event_type":"a"}]}"#), now: "2026-01-01T00:00:00Z")
    try await store.append(events, of: TraceOrigin(workspace: "w", sandbox: "s", snapshot: "snap_1"))
    try await store.append(events, of: TraceOrigin(workspace: "w"))
    let rows = try await store.traceEvents(in: "w", TraceFilter(), limit: 10)
    #expect(rows.map { $0["snapshot_id"] } == ["snap_1", nil])
    #expect(try await store.traceEvents(in: "w", filter { $0.snapshot = "snap_1" }, limit: 10).count == 1)
    #expect(try await store.traceEvents(in: "v", filter { $0.snapshot = "snap_1" }, limit: 10).isEmpty)
  }

  @Test func pruningKeepsWhatIsYoungEnough() async throws {
    try await add([#"{"event_type":"a"}"#])
    #expect(try await store.prune(olderThanDays: 1) == [])
    #expect(try await store.traceEvents(in: "w", TraceFilter(), limit: 10).count == 1)
    try await Task.sleep(for: .milliseconds(5))
    _ = try await store.prune(olderThanDays: 0)
    #expect(try await store.traceEvents(in: "w", TraceFilter(), limit: 10).isEmpty)
  }

  @Test func rowsMirrorTheirTextsWhereDatasetsLook() async throws {
    try await add([#"{"event_type":"llm_call","input":"in","output":"out","metadata":{"input":"own"}}"#])
    let row = try #require(try await store.traceEvents(in: "w", TraceFilter(), limit: 1).first)
    #expect(row["metadata"] == ["input": "own", "output": "out"])
    #expect(row["sandbox_id"] == .null && row["id"] == 1 && row["cost"] == .null)
  }

  @Test func spansArePagedOnceEachWithBothOfTheirEvents() async throws {
    for index in 0..<25 {
      try await add([#"{"event_type":"tool_call","phase":"start","tool":"f","span_id":"s\#(index)"}"#])
    }
    for index in (0..<25).reversed() {
      try await add([#"{"event_type":"tool_call","phase":"end","tool":"f","span_id":"s\#(index)","status":"ok"}"#])
    }
    var (found, after): ([JSONValue], Int64?) = ([], 0)
    while let id = after {
      let (spans, next) = try await store.spans(in: "w", TraceFilter(), after: id, limit: 10)
      found += spans
      after = next
    }
    #expect(found.compactMap { $0["span_id"]?.string } == (0..<25).map { "s\($0)" })
    #expect(found.allSatisfy { $0["status"] == "ok" && $0["start_ts"] != nil })
  }

  @Test func aTraceIsFoundByItsRootAndItsTraceID() async throws {
    try await add([
      #"{"event_type":"a","span_id":"r"}"#,
      #"{"event_type":"a","span_id":"c","parent_span_id":"r","root_span_id":"r"}"#,
      #"{"event_type":"a","span_id":"z"}"#,
    ])
    #expect(try await store.events(ofTrace: "r", in: "w", limit: 10).count == 2)
    #expect(try await store.events(ofTrace: "r", in: "v", limit: 10).isEmpty)
    #expect(try await store.traceEvents(in: "w", filter { $0.trace = "r" }, limit: 10).count == 2)
  }

  @Test func batchesOfEverySizeAreKeptWhole() async throws {
    for size in [1, 24, 25, 26, 49, 50, 999, 1000] {
      try await add((0..<size).map { #"{"event_type":"e\#(size)","duration_ms":\#($0)}"# })
      let rows = try await store.traceEvents(in: "w", filter { $0.type = "e\(size)" }, limit: 2000)
      #expect(rows.compactMap { $0["duration_ms"]?.int } == (0..<Int64(size)).map { $0 })
    }
  }
}

/// Documents and datasets in the store.
@Suite(.timeLimit(.minutes(1)))
struct DocumentStoreTests {
  let folder: StoreFolder
  let store: SQLiteStore

  init() async throws {
    folder = try StoreFolder()
    store = try await SQLiteStore.open(folder.file)
  }

  func prompt(_ id: String, _ name: String, in workspace: String = "w") -> Document {
    Document(
      .prompt, id: id, owner: "o", workspace: workspace, name: name, tag: id == "b" ? "live" : nil,
      body: ["template": .string(id)], createdAt: "2026-01-01T00:00:00Z")
  }

  @Test func versionsCountByNameAndWorkspace() async throws {
    #expect(try await store.add(prompt("a", "n"), isVersioned: true).version == 1)
    #expect(try await store.add(prompt("b", "n"), isVersioned: true).version == 2)
    #expect(try await store.add(prompt("c", "m"), isVersioned: true).version == 1)
    #expect(try await store.add(prompt("a", "n", in: "v"), isVersioned: true).version == 1)
    var filter = DocumentFilter(.prompt, in: "w")
    filter.name = "n"
    #expect(try await store.documents(filter).map(\.id) == ["a", "b"])
    filter.tag = "live"
    #expect(try await store.documents(filter).map(\.version) == [2])
  }

  @Test func manyVersionsAtOnceAreAllDifferent() async throws {
    let versions = try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<50 {
        group.addTask { try await store.add(prompt("p\(index)", "n"), isVersioned: true).version }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(versions.sorted() == Array(1...50))
  }

  @Test func othersDocumentsAreNotThere() async throws {
    _ = try await store.add(prompt("a", "n"))
    #expect(try await store.document(.prompt, "a", in: "v") == nil)
    #expect(try await store.document(.alert, "a", in: "w") == nil)
    await #expect(throws: StoreFailure.self) { try await store.remove(.prompt, "a", in: "v") }
    await #expect(throws: StoreFailure.self) { _ = try await store.add(prompt("a", "other")) }
    try await store.remove(.prompt, "a", in: "w")
    #expect(try await store.document(.prompt, "a", in: "w") == nil)
  }

  @Test func anOldVersionOfADatasetShowsItsRows() async throws {
    try await store.add(
      Dataset(id: "ds", owner: "o", workspace: "w", name: "n", description: "", createdAt: "2026-01-01T00:00:00Z"))
    let ids = IDs()
    func add(_ texts: [String]) async throws -> Int {
      let records = try texts.map { try DatasetRecord(JSONValue(parsing: $0)) }
      return try await store.add(records, to: "ds", in: "w", makeID: { ids.next() })
    }
    #expect(try await add([#"{"input":{"a":1}}"#, #"{"input":{"a":2},"tags":["x"]}"#]) == 2)
    #expect(try await add([#"{"input":{"a":3},"tags":["x","y"]}"#]) == 3)
    func inputs(_ version: Int?, _ tags: [String] = []) async throws -> [Int64?] {
      try await store.records(of: "ds", version: version, tags: tags).map { $0.input["a"]?.int }
    }
    #expect(try await inputs(nil) == [1, 2, 3])
    #expect(try await inputs(2) == [1, 2])
    #expect(try await inputs(1) == [])
    #expect(try await inputs(nil, ["y", "x"]) == [2, 3])
    #expect(try await store.dataset("n", in: "w")?.version == 3)
    await #expect(throws: StoreFailure.self) { _ = try await store.add([], to: "ds", in: "v", makeID: { "" }) }
    try await store.removeDataset("ds", in: "w")
    #expect(try await inputs(nil) == [])
  }
}

private final class IDs: Sendable {
  private let count = Locked(0)

  func next() -> String {
    count.withLock { count in
      count += 1
      return "rec_\(count)"
    }
  }
}
