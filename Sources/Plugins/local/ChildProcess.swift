import CChild
import Glibc
import KeystoneKit
import SandboxHelper

/// A process this runtime started; its end can be awaited.
final class ChildProcess: Sendable {
  let pid: pid_t
  private let ending: Int32
  private let end = Mailbox<Int32>()
  private let status = Locked<Int32?>(nil)

  /// Starts `arguments[0]`, a path, with `socket` as descriptor 3 and `output` as stdout and stderr.
  init(_ arguments: [String], socket: Int32, output: Int32) throws(PluginError) {
    var pid: pid_t = 0
    var ending: Int32 = -1
    let (vector, environment) = (CStrings(arguments), CStrings([]))
    let number = withExtendedLifetime((vector, environment)) {
      ks_child_spawn(vector.pointer, environment.pointer, "/", socket, output, &pid, &ending)
    }
    guard number == 0 else {
      throw PluginError(
        .unavailable, "cannot start \(arguments[0]): \(String(cString: strerror(number)))", retryable: true)
    }
    self.pid = pid
    self.ending = ending
    DescriptorPoller.shared.watch(ending) { [self] _ in reap() }
  }

  /// Kills the process and its group.
  func kill() {
    // Under the lock, so that the id cannot belong to somebody else yet.
    status.withLock { status in
      if status == nil { _ = Glibc.kill(-pid, SIGKILL) }
    }
  }

  /// Waits for the end; answers the status of `waitpid`, once.
  func waitForEnd() async -> Int32 {
    if let known = status.withLock({ $0 }) { return known }
    let message = try? await end.next()
    return message ?? status.withLock { $0 } ?? -1
  }

  private func reap() {
    let isOver = status.withLock { status in
      var value: Int32 = 0
      guard status == nil, waitpid(pid, &value, WNOHANG) == pid else { return false }
      status = value
      return true
    }
    guard isOver else { return }
    DescriptorPoller.shared.forget(ending)
    close(ending)
    end.put(status.withLock { $0 } ?? -1)
    end.finish()
  }
}

/// A vector of C strings that ends with `nil`, freed with its owner.
private final class CStrings {
  let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    pointer = .allocate(capacity: count + 1)
    pointer.initialize(repeating: nil, count: count + 1)
    for (index, string) in strings.enumerated() { pointer[index] = strdup(string) }
  }

  deinit {
    for index in 0..<count { free(pointer[index]) }
    pointer.deallocate()
  }
}
