internal import CCurl
internal import Glibc
internal import Synchronization

/// All transfers of a client, driven by one thread of their own, so that no task ever blocks on the network.
final class TransferLoop: Sendable {
  private enum Command: Sendable {
    case start(UInt64, Hop, Transfer.Completion)
    case cancel(UInt64)
  }

  /// libcurl's handle of many transfers.
  ///
  /// Unchecked, because after its creation only the loop's thread works on it; other threads call nothing but
  /// `curl_multi_wakeup`, which libcurl allows from any thread, and only under the lock and while ``State/phase`` says that it runs.
  private struct Multi: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
  }

  private enum Phase {
    case idle
    case running(Multi)
    case stopping(Multi?)

    var multi: Multi? {
      switch self {
      case .idle: nil
      case .running(let multi): multi
      case .stopping(let multi): multi
      }
    }
  }

  private struct State {
    var phase = Phase.idle
    var commands: [Command] = []
  }

  private let state = Mutex(State())
  private let settings: ConnectionSettings

  init(settings: ConnectionSettings) {
    self.settings = settings
  }

  /// Begins an exchange; the completion is resumed exactly once.
  func start(_ id: UInt64, _ hop: Hop, _ completion: Transfer.Completion) {
    let accepted = state.withLock { state in
      guard begin(&state) else { return false }
      post(.start(id, hop, completion), &state)
      return true
    }
    if !accepted {
      completion.resume(returning: .failure(Self.outOfResources))
    }
  }

  /// Ends an exchange early; one that has ended, or is yet to begin, is left alone.
  func cancel(_ id: UInt64) {
    state.withLock { post(.cancel(id), &$0) }
  }

  /// Lets the thread end; called when nobody can start an exchange any more.
  func stop() {
    state.withLock { state in
      if case .running(let multi) = state.phase { curl_multi_wakeup(multi.handle) }
      state.phase = .stopping(state.phase.multi)
    }
  }

  private static let outOfResources = HTTPFailure(
    .protocol, "No thread or memory is left for outgoing requests; free resources of this machine and try again.")

  private func post(_ command: Command, _ state: inout State) {
    guard case .running(let multi) = state.phase else { return }
    state.commands.append(command)
    curl_multi_wakeup(multi.handle)
  }
}

// MARK: - The thread

extension TransferLoop {
  private static let libraryIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// Makes sure that the thread runs; the first request pays for it.
  private func begin(_ state: inout State) -> Bool {
    guard case .idle = state.phase else {
      if case .running = state.phase { return true }
      return false
    }
    guard Self.libraryIsReady, let handle = curl_multi_init() else { return false }
    let multi = Multi(handle: handle)
    keystone_curl_multi_set_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, settings.maximumConnections)
    keystone_curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, settings.maximumConnections)
    state.phase = .running(multi)
    guard spawn() else {
      curl_multi_cleanup(handle)
      state.phase = .idle
      return false
    }
    return true
  }

  private func spawn() -> Bool {
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, retained.toOpaque())
    guard status == 0 else {
      retained.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  private func run() {
    leaveSignalsToOthers()
    guard let handle = state.withLock({ $0.phase.multi })?.handle else { return }
    var running = RunningTransfers(multi: handle)
    while let commands = nextCommands() {
      for command in commands { apply(command, to: &running) }
      running.advance()
      // Wakes for traffic, for libcurl's own timers, and for `curl_multi_wakeup`, even one that came before.
      curl_multi_poll(handle, nil, 0, 60_000, nil)
    }
    running.abortAll()
    curl_multi_cleanup(handle)
  }

  /// A write to a closed connection must be an error and not SIGPIPE, and the process's signals have other readers.
  private func leaveSignalsToOthers() {
    var blocked = sigset_t()
    sigfillset(&blocked)
    for crash in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&blocked, crash) }
    pthread_sigmask(SIG_SETMASK, &blocked, nil)
  }

  /// What to do next, or nil when the thread shall end.
  private func nextCommands() -> [Command]? {
    state.withLock { state in
      guard case .running = state.phase else { return nil }
      defer { state.commands = [] }
      return state.commands
    }
  }

  private func apply(_ command: Command, to running: inout RunningTransfers) {
    switch command {
    case .cancel(let id):
      running.cancel(id)
    case .start(let id, let hop, let completion):
      guard let transfer = Transfer(hop, settings: settings, completion: completion) else {
        completion.resume(returning: .failure(Self.outOfResources))
        return
      }
      running.add(transfer, id: id)
    }
  }
}
