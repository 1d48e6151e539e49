import KeystoneExperiment
import KeystoneKit
import KeystoneSandbox

/// The progress of an experiment on stderr: one line that is redrawn on a terminal, a line per verdict elsewhere.
final class ProgressDisplay: Sendable {
  private struct State {
    var done = 0
    var running: [String: String] = [:]
    var shown = ""
    var isOver = false
  }

  private let spec: String
  private let total: Int
  private let start = ContinuousClock.now
  private let state = Locked(State())

  init(spec: String, total: Int) {
    self.spec = spec
    self.total = total
    guard Terminal.isInteractive else { return }
    // A terminal shows no more than a few frames a second that anybody can read, and the last event is one of them.
    Task { [weak self] in
      while let self, self.draw() { try await Task.sleep(for: .milliseconds(100)) }
    }
  }

  func observe(_ event: ExperimentRunner.Event) {
    switch event {
    case .step(let scenario, let step):
      state.withLock { $0.running[scenario.id] = step.detail.isEmpty ? step.name : "\(step.name) \(step.detail)" }
    case .finished(let scenario, let result):
      state.withLock { state in
        state.done += 1
        state.running[scenario.id] = nil
      }
      guard !Terminal.isInteractive else { return }
      let time = TableReport.seconds(result.wallMilliseconds)
      Terminal.complain("\(spec) \(scenario.id): \(result.verdict.status.rawValue) (\(time))")
    }
  }

  /// Removes the line.
  func finish() {
    state.withLock { state in
      state.isOver = true
      if Terminal.isInteractive { Terminal.write("\r\u{1B}[K", to: 2) }
    }
  }

  /// Shows how things stand, unless the terminal does already; false when everything is over.
  private func draw() -> Bool {
    state.withLock { state in
      guard !state.isOver else { return false }
      let line = String(text(state, .now).prefix(Terminal.width - 1))
      if line != state.shown { Terminal.write("\r\u{1B}[K\(line)", to: 2) }
      state.shown = line
      return true
    }
  }

  private func text(_ state: State, _ now: ContinuousClock.Instant) -> String {
    var line = "\(spec): \(state.done) of \(total) done, \(state.running.count) running"
    if state.done > 0 && state.done < total {
      let left = start.duration(to: now) / state.done * (total - state.done)
      line += ", about \(left.components.seconds) s left"
    }
    if let (id, step) = state.running.min(by: { $0.key < $1.key }) { line += " · \(id): \(step)" }
    return line
  }
}
