import Glibc
import KeystoneKit
import SandboxHelper

/// Where the helper of one container connects, once: the socket's name is gone before a command can run.
final class ControlSocket: Sendable {
  private let descriptor: Int32
  private let path: String
  private let arrivals = Mailbox<Int32>()

  /// Listens at `path`, however long it is.
  init(path: String) throws(PluginError) {
    self.path = path
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let folder = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw PluginError.system("open the folder of \(path)") }
    defer { close(folder) }
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw PluginError.system("make a socket") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: "/proc/self/fd/\(folder)\(path[slash...])".utf8)
    }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let failed = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    // A container's first process need not be root.
    guard failed == 0, chmod(path, 0o666) == 0, listen(descriptor, 1) == 0 else {
      let error = PluginError.system("listen at \(path)")
      close(descriptor)
      throw error
    }
    let (listener, arrivals) = (descriptor, arrivals)
    DescriptorPoller.shared.watch(listener) { _ in
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { return }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      DescriptorPoller.shared.forget(listener)
      arrivals.put(connection)
    }
  }

  deinit { close(descriptor) }

  /// Waits for the helper; `nil` when ``stop()`` was called before.
  func accept() async throws(PluginError) -> Int32? { try await arrivals.next() }

  /// Removes the name and takes nobody any more.
  func stop() {
    DescriptorPoller.shared.forget(descriptor)
    unlink(path)
    arrivals.finish()
  }
}
