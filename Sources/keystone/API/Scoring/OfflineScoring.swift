internal import KeystoneKit
internal import KeystoneRecords
package import KeystoneStore
package import Logging

/// Scores finished runs by rules, one experiment after another.
///
/// A job is in the store before it begins and marked when it is done: one that a crash interrupted is done again at the
/// next start, and a score is replaced, never doubled.
package struct OfflineScoring: Sendable {
  private let store: SQLiteStore
  private let judging: Judging
  private let logger: Logger
  private let queue: AsyncStream<ScoreJob>
  private let jobs: AsyncStream<ScoreJob>.Continuation

  /// A scoring that works once ``run()`` is called.
  package init(store: SQLiteStore, judging: Judging, logger: Logger) {
    self.store = store
    self.judging = judging
    self.logger = logger
    (queue, jobs) = AsyncStream.makeStream()
  }

  /// Begins a job as soon as those before it are done.
  func begin(_ job: ScoreJob) { jobs.yield(job) }

  /// Does jobs until the task is cancelled, those first that an earlier daemon left.
  package func run() async throws {
    let left = try await store.waitingScoreJobs()
    var done = Set<Int64>()
    for job in left where done.insert(job.id).inserted { await finish(job) }
    for await job in queue where done.insert(job.id).inserted {
      await finish(job)
      if Task.isCancelled { break }
    }
  }

  private func finish(_ job: ScoreJob) async {
    do {
      try await score(job)
      try await store.finishScoreJob(job.id)
    } catch is CancellationError {
      return
    } catch {
      logger.error(
        "an experiment could not be scored", metadata: ["experiment": "\(job.experiment)", "error": "\(error)"])
    }
  }

  private func score(_ job: ScoreJob) async throws {
    for id in job.rules {
      // A rule that was removed meanwhile scores nothing.
      guard let document = try await store.document(.scoreRule, id, in: job.workspace) else { continue }
      let rule = try ScoreRule(document.body)
      var after = -1
      while case let runs = try await store.finishedScenarios(of: job.experiment, after: after, limit: 100),
        !runs.isEmpty
      {
        var scores: [ScoreRecord] = []
        for run in runs {
          try Task.checkCancellation()
          after = run.ordinal
          guard let found = try await score(run.result, by: rule, run.specID) else { continue }
          scores.append(
            ScoreRecord(
              workspace: job.workspace, experiment: job.experiment, rule: id, scenario: run.scenario,
              ordinal: run.ordinal + 1, score: found.value, isPassed: found.isPassed, message: found.message))
        }
        try await store.keep(scores)
      }
    }
  }

  private func score(_ result: JSONValue, by rule: ScoreRule, _ specID: String) async throws -> RuleScore? {
    let (output, parameters) = (result["agent_output"]?.string ?? "", result["parameters"]?.object ?? [:])
    if HeuristicScore.types.contains(rule.type) {
      return HeuristicScore(type: rule.type, config: rule.config).score(output, parameters: parameters)
    }
    guard rule.type == "llm_as_judge" else { return nil }
    let config = rule.config.filter { $0.value != .null && $0.key != "input_from" }
    do {
      return try await judging.judge(.object(config), output: output, parameters: parameters, specID: specID).score
    } catch let error as PluginError where error.code != .cancelled {
      return RuleScore(0, passed: false, error.message)
    }
  }
}
