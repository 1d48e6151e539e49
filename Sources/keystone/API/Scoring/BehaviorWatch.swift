internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
package import KeystoneStore
package import Logging

/// Lets behaviors look at workflows when their root spans end.
///
/// Looking is best effort: while more than ``mostWaiting`` workflows wait, further ones are passed over and counted in the
/// log, so that ingestion never waits for a judge.
package struct BehaviorWatch: Sendable {
  private struct Workflow: Sendable {
    var workspace: String
    var root: String
  }

  private static let mostWaiting = 1000

  private let store: SQLiteStore
  private let judging: Judging
  private let logger: Logger
  private let finished: AsyncStream<Workflow>
  private let queue: AsyncStream<Workflow>.Continuation

  /// A watch that looks once ``run()`` is called.
  package init(store: SQLiteStore, judging: Judging, logger: Logger) {
    self.store = store
    self.judging = judging
    self.logger = logger
    (finished, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostWaiting))
  }

  /// Is told of events that are kept.
  func ingested(_ events: [TraceEvent], in workspace: String) {
    for event in events where event.parent == nil && event.body["phase"]?.string == "end" {
      guard let span = event.span, event.trace == span else { continue }
      if case .dropped = queue.yield(Workflow(workspace: workspace, root: span)) {
        logger.warning("a workflow is not looked at: too many wait", metadata: ["trace": "\(span)"])
      }
    }
  }

  /// Looks at workflows until the task is cancelled.
  package func run() async {
    for await workflow in finished {
      do {
        try await look(at: workflow)
      } catch is CancellationError {
        return
      } catch {
        logger.warning(
          "a behavior could not look at a workflow", metadata: ["trace": "\(workflow.root)", "error": "\(error)"])
      }
    }
  }

  private func look(at workflow: Workflow) async throws {
    let behaviors = try await store.documents(DocumentFilter(.behavior, in: workflow.workspace))
    let wanted = behaviors.filter { behavior in
      behavior.body["evaluation_mode"]?.string == "continuous"
        && Double.random(in: 0..<1) < behavior.body["sampling_rate"]?.double ?? 1
    }
    guard !wanted.isEmpty else { return }
    let events = try await store.events(ofTrace: workflow.root, in: workflow.workspace, limit: 500)
    let root = SpanRows.joining(events).first { $0["span_id"]?.string == workflow.root }
    let transcript = events.map { event in
      ["event_type", "tool", "phase", "status", "input", "output"].compactMap { event[$0]?.string }
        .joined(separator: " ")
    }.joined(separator: "\n")
    let inputs = [
      "input": root?["input"]?.string ?? "", "output": root?["output"]?.string ?? "", "trace": transcript,
    ]
    for behavior in wanted {
      guard let id = behavior.body["judge_id"]?.string,
        let judge = try await store.document(.judge, id, in: workflow.workspace)
      else { continue }
      let verdict = try await judging.verdict(of: try JudgeDefinition(judge.body), inputs: inputs)
      let finding = BehaviorFinding(
        trace: workflow.root, isDetected: verdict["passed"]?.bool ?? (verdict["category"] != nil),
        option: verdict["category"]?.string, reason: verdict["reason"]?.string ?? "", createdAt: UTCClock.now())
      try await store.keep(finding, of: behavior.id, in: workflow.workspace)
    }
  }
}
