import Glibc

/// A file or folder that could not be used; one sentence says which and why.
struct FileFailure: Error, Equatable, CustomStringConvertible {
  var description: String

  /// A failure in these words.
  init(_ description: String) { self.description = description }

  /// Says that `action` failed with `code`, by default the last error of this thread.
  init(cannot action: String, code: Int32 = errno) {
    description = "cannot \(action): \(String(cString: strerror(code)))"
  }
}
