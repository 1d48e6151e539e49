import CChild
import Glibc
import KeystoneKit

/// A file descriptor that is closed when its last user lets go of it.
final class Descriptor: Sendable {
  let number: Int32

  /// Takes over `number`.
  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Two connected stream sockets.
  static func socketPair() throws -> (Descriptor, Descriptor) {
    try pair("make a socket pair") { ks_child_socket_pair($0) }
  }

  /// The reading and the writing end of a pipe.
  static func pipe() throws -> (Descriptor, Descriptor) {
    try pair("make a pipe") { ks_child_pipe($0) }
  }

  private static func pair(
    _ action: String, _ make: (UnsafeMutablePointer<Int32>) -> Int32
  ) throws -> (Descriptor, Descriptor) {
    var numbers: [Int32] = [-1, -1]
    let status = numbers.withUnsafeMutableBufferPointer { $0.baseAddress.map(make) ?? EINVAL }
    guard status == 0 else { throw SystemError(action, code: status) }
    return (Descriptor(numbers[0]), Descriptor(numbers[1]))
  }
}

/// A call of the operating system that failed while a plugin's process was set up.
struct SystemError: Error, CustomStringConvertible {
  var description: String

  /// Says that `action` failed with `code`, by default the last error of this thread.
  init(_ action: String, code: Int32 = errno) {
    description = "cannot \(action): \(String(cString: strerror(code)))"
  }
}
