import CSandbox
import Glibc
import KeystoneKit
import KeystoneSpec

/// The threads that answer the seccomp notifications of a sandbox's commands and write down what they tell.
///
/// Each watched command has a thread of its own, which ends with the last process of that command. What is recorded was
/// recorded before the kernel did it, and what cannot be recorded does not happen.
final class Supervision: Sendable {
  private struct State {
    var running = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let log: AuditLog
  private let selection: AuditSelection
  private let workspace: String
  private let state = Locked(State())
  /// A pipe whose writing end is closed to stop the threads.
  private let stop: (reading: Int32, writing: Locked<Int32>)

  /// Writes what `selection` keeps to `log`; `workspace` is where the workspace is for the processes that are watched.
  init(log: AuditLog, selection: AuditSelection, workspace: String) throws {
    self.log = log
    self.selection = selection
    self.workspace = workspace
    var ends: [Int32] = [-1, -1]
    guard ks_pipe(&ends) == 0 else {
      throw PluginError(.exhausted, "cannot watch the sandbox: no descriptor is left; raise the limit (ulimit -n)")
    }
    stop = (ends[0], Locked(ends[1]))
  }

  deinit {
    endAll()
    close(stop.reading)
  }

  /// Answers the notifications of `listener`, which is taken over; `label` names phase and actor of each event.
  func supervise(_ listener: Int32, label: @escaping @Sendable () -> (phase: String, actor: String)) {
    state.withLock { $0.running += 1 }
    startThread { [self] in
      let sink = EventSink(log: log, selection: selection, workspace: workspace, label: label)
      withExtendedLifetime(sink) {
        _ = ks_supervise(
          listener, stop.reading,
          { context, event in
            guard let context, let event else { return EIO }
            return Unmanaged<EventSink>.fromOpaque(context).takeUnretainedValue().take(event.pointee)
          }, Unmanaged.passUnretained(sink).toOpaque())
      }
      // Whoever still waits for an answer is told that there is none.
      close(listener)
      finishOne()
    }
  }

  private func finishOne() {
    let waiting = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func endAll() {
    stop.writing.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  /// Waits until no process is left that is watched, `limit` at most.
  func settle(within limit: Duration) async throws {
    let end = ContinuousClock.now + limit
    while state.withLock({ $0.running > 0 }) && ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Stops all threads and waits for them.
  func end() async {
    endAll()
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.running > 0 { state.waiting.append(continuation) }
        return state.running == 0
      }
      if isOver { continuation.resume() }
    }
  }
}

/// Writes the events of one watched command into the audit log.
private final class EventSink: Sendable {
  private let log: AuditLog
  private let selection: AuditSelection
  private let workspace: [UInt8]
  private let label: @Sendable () -> (phase: String, actor: String)

  init(
    log: AuditLog, selection: AuditSelection, workspace: String,
    label: @escaping @Sendable () -> (phase: String, actor: String)
  ) {
    self.log = log
    self.selection = selection
    self.workspace = Array(workspace.utf8) + [UInt8(ascii: "/")]
    self.label = label
  }

  /// Takes one event on the supervising thread; answers 0, or the errno that the call fails with.
  func take(_ event: ks_event) -> Int32 {
    do {
      switch event.kind {
      case KS_EVENT_PROCESS: try record("process_spawn", program(event))
      case KS_EVENT_WRITE: try file("file_write", .writes, event)
      case KS_EVENT_DELETE: try file("file_delete", .deletes, event)
      default: try file("file_read", .reads, event)
      }
      return 0
    } catch {
      // The log cannot be written: what would be unseen must not happen.
      return EIO
    }
  }

  private func file(_ name: String, _ kind: SpecAudit.FileEvent, _ event: ks_event) throws {
    let path = shown(event.path)
    guard selection.keeps(kind, String(decoding: path, as: UTF8.self)) else { return }
    var json = Array("{\"path\":".utf8)
    json += Self.json(path)
    json += ",\"operation\":\"\(String(cString: event.call))\",\"pid\":\(event.pid)".utf8
    if let origin = event.origin { json += Array(",\"from\":".utf8) + Self.json(shown(origin)) }
    if event.directory != 0 { json += ",\"directory\":true".utf8 }
    json.append(UInt8(ascii: "}"))
    try record(name, json)
  }

  private func program(_ event: ks_event) -> [UInt8] {
    var json = Array("{\"path\":".utf8)
    json += Self.json(Self.bytes(event.path))
    json += ",\"pid\":\(event.pid),\"arguments\":[".utf8
    let words = UnsafeRawBufferPointer(start: event.arguments, count: event.arguments_size).split(
      separator: 0, omittingEmptySubsequences: false
    ).dropLast()
    for (index, word) in words.enumerated() {
      if index > 0 { json.append(UInt8(ascii: ",")) }
      json += Self.json(Array(word))
    }
    json.append(UInt8(ascii: "]"))
    if event.truncated != 0 { json += ",\"truncated\":true".utf8 }
    json.append(UInt8(ascii: "}"))
    return json
  }

  private func record(_ name: String, _ json: [UInt8]) throws {
    let (phase, actor) = label()
    try log.record(phase: phase, actor: actor, event: name, json: json)
  }

  /// A path as records name it: relative in the workspace.
  private func shown(_ path: UnsafePointer<CChar>?) -> [UInt8] {
    let bytes = Self.bytes(path)
    return bytes.starts(with: workspace) ? Array(bytes.dropFirst(workspace.count)) : bytes
  }

  private static func bytes(_ path: UnsafePointer<CChar>?) -> [UInt8] {
    guard let path else { return [] }
    return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
  }

  /// A string, or an object with base64 when it is no UTF-8, as everywhere in Keystone.
  private static func json(_ bytes: [UInt8]) -> [UInt8] {
    if let text = String(validating: bytes, as: UTF8.self) { return JSONValue.string(text).bytes }
    return JSONValue.object(["bytes": .string(Base64.encode(bytes))]).bytes
  }
}
