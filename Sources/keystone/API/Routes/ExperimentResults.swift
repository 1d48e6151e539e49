internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneStore

/// The results of an experiment as clients read them (http-api 6.3), written without holding all scenarios at once.
struct ExperimentResults {
  /// Of a run under way, scenarios are shown while they are no more than this.
  private static let shownWhileRunning = 200
  private static let pageSize = 64

  private let store: SQLiteStore
  private let record: ExperimentRecord
  private let closed: JSONValue?

  /// Reads an experiment; one that is closed meanwhile is read once more, so that status and counters agree.
  init(store: SQLiteStore, record: ExperimentRecord) async throws {
    self.store = store
    closed = try await store.closingResults(of: record.id)
    let isLate = closed != nil && record.status == "running"
    self.record = isLate ? try await store.experiment(record.id) ?? record : record
  }

  func response() async throws -> APIResponse {
    let head = try await head()
    let count = head["scenarios_done"]?.int ?? 0
    let isOver = record.status == "completed" || record.status == "cancelled"
    let isShown = isOver || count <= Self.shownWhileRunning
    let flaky = Self.flakyRuns(head)
    let pages = ResultPages(store: store, experiment: record.id, flaky: flaky)
    var start = head
    start["scenarios_done"] = nil
    let opening = Array(start.text.dropLast().utf8) + Array(",\"scenarios\":[".utf8)
    guard isShown else { return Self.json(opening + Array("]}".utf8)) }
    guard count > Self.pageSize else {
      let (texts, _) = try await pages.page(after: -1, limit: Self.pageSize)
      return Self.json(opening + Array(texts.joined(separator: ",").utf8) + Array("]}".utf8))
    }
    return .stream(type: "application/json") { body in
      try await body.write(opening)
      var after = -1
      var separator = ""
      while true {
        let (texts, last) = try await pages.page(after: after, limit: Self.pageSize)
        guard let last else { break }
        try await body.write(Array((separator + texts.joined(separator: ",")).utf8))
        separator = ","
        after = last
      }
      try await body.write(Array("]}".utf8))
    }
  }

  private static func json(_ bytes: [UInt8]) -> APIResponse {
    APIResponse(status: 200, headers: [("content-type", "application/json")], body: .bytes(bytes))
  }

  /// Everything but the scenarios, and how many of them are done.
  private func head() async throws -> JSONValue {
    var head: JSONValue
    if let closed, closed.object != nil {
      head = closed
      head["scenarios_done"] = .integer(Self.counters.reduce(0) { $0 + (closed[$1]?.int ?? 0) })
    } else {
      var figures = record.ranAt == nil ? [] : try await store.figures(of: record.id)
      // Clients take counters that add up for the end, and only the closed run knows which runs are flaky.
      if figures.count == record.total { figures = figures.dropLast() }
      head = RunResults.progress(record, figures: figures)
      head["scenarios_done"] = .integer(Int64(figures.count))
    }
    head["status"] = .string(record.status)
    if record.ranAt == nil { head["ran_at"] = nil }
    if record.status == "cancelled" { head = Self.countingTheRest(head) }
    return head
  }

  private static let counters = ["passed", "failed", "flaky", "errors"]

  /// What a cancelled run never did counts as errors, so that whoever waits for the counters to add up is let go.
  private static func countingTheRest(_ head: JSONValue) -> JSONValue {
    var head = head
    let done = counters.reduce(0) { $0 + (head[$1]?.int ?? 0) }
    let rest = (head["total_scenarios"]?.int ?? 0) - done
    head["errors"] = .integer((head["errors"]?.int ?? 0) + max(0, rest))
    head["cancelled"] = .integer(max(0, rest))
    return head
  }

  /// The ids of the runs in groups that pass: one that failed alone is flaky there.
  private static func flakyRuns(_ head: JSONValue) -> Set<String> {
    let groups = (head["groups"]?.array ?? []).filter { $0["verdict"]?.string == "pass" && $0["flaky"]?.bool == true }
    return Set(groups.flatMap { ($0["scenarios"]?.array ?? []).compactMap(\.string) })
  }
}

/// The scenarios of an experiment, page by page, with the statuses that follow from their groups.
private struct ResultPages: Sendable {
  let store: SQLiteStore
  let experiment: String
  let flaky: Set<String>

  func page(after: Int, limit: Int) async throws -> (texts: [String], last: Int?) {
    let rows = try await store.resultTexts(of: experiment, after: after, limit: limit)
    return (try rows.map { try text($0.verdict, $0.text) }, rows.last?.ordinal)
  }

  private func text(_ verdict: String, _ text: String) throws -> String {
    guard verdict == "fail", !flaky.isEmpty else { return text }
    var result = try JSONValue(parsing: text)
    guard let id = result["scenario_id"]?.string, flaky.contains(id) else { return text }
    result["status"] = "flaky"
    return result.text
  }
}
