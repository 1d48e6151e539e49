internal import GRDB

extension StoreFailure {
  /// The failure that an error of SQLite means for the file at `path`; other errors stay as they are.
  static func translating(_ error: any Error, path: String) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    let (code, message): (Code, String) =
      switch error.resultCode {
      case .SQLITE_FULL:
        (.full, "No space is left for the store \(path); free some, then try again.")
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        (.busy, "Another process holds the store \(path); end it or wait for it, then try again.")
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        (.damaged, "The store \(path) is damaged; put a backup in its place, or move it away to begin a new one.")
      default:
        (.unusable, "The store \(path) cannot be used; check that its folder exists and is yours to write.")
      }
    return StoreFailure(code, message, cause: error.message)
  }
}
