package import KeystoneKit
internal import KeystoneRecords
internal import KeystoneStore

/// Why a request is not done, as the caller is told.
package struct APIError: Error, Sendable {
  /// The kind of an error, with the word of the body and the status of the answer.
  package struct Code: Sendable, Hashable {
    package let word: String
    package let status: Int

    private init(_ word: String, _ status: Int) {
      self.word = word
      self.status = status
    }

    /// The request makes no sense.
    package static let invalid = Code("invalid_request", 400)
    /// There is no key, or it does not work.
    package static let unauthorized = Code("unauthorized", 401)
    /// The key works but not for this.
    package static let forbidden = Code("forbidden", 403)
    /// There is no such thing.
    package static let notFound = Code("not_found", 404)
    /// The path is known, the method is not.
    package static let wrongMethod = Code("method_not_allowed", 405)
    /// The body came too slowly.
    package static let slow = Code("request_timeout", 408)
    /// The thing is in the wrong state.
    package static let conflict = Code("conflict", 409)
    /// The body is too large.
    package static let tooLarge = Code("too_large", 413)
    /// The request was understood and could not be done, such as a sandbox whose setup failed.
    package static let unprocessable = Code("unprocessable", 422)
    /// Too many requests.
    package static let rateLimited = Code("rate_limited", 429)
    /// The head of the request is too large.
    package static let headTooLarge = Code("head_too_large", 431)
    /// A defect, or the machine.
    package static let `internal` = Code("internal", 500)
    /// This version does not have it.
    package static let notImplemented = Code("not_implemented", 501)
    /// No room now.
    package static let atCapacity = Code("at_capacity", 503)
  }

  /// The kind.
  package var code: Code
  /// One sentence for people, which ends in what to do.
  package var message: String
  /// After how many seconds to try again, where that may help.
  package var retryAfter: Int?
  /// More members of the body, such as `diagnostics`.
  package var details: [String: JSONValue]

  /// An error.
  package init(
    _ code: Code, _ message: String, retryAfter: Int? = nil, details: [String: JSONValue] = [:]
  ) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
    self.details = details
  }

  /// There is no `kind` of this id, or none that the caller may see.
  package static func noSuch(_ kind: String, _ id: String) -> APIError {
    APIError(.notFound, "There is no \(kind) `\(id)` in this workspace; check the id and the key.")
  }

  /// The body: `error` and `message` hold the sentence, because some clients show the one and some the other.
  var body: JSONValue {
    var members = details
    members["error"] = .string(message)
    members["message"] = .string(message)
    members["code"] = .string(code.word)
    if let retryAfter { members["retry_after"] = .integer(Int64(retryAfter)) }
    return .object(members)
  }

  /// Any error as the caller may see it; what nobody foresaw says no more than that.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as JSONError: self.init(.invalid, "The body is not JSON: \(error).")
    case let error as DecodingError: self.init(.invalid, "The body does not fit: \(error.sentence).")
    case let error as InvalidRecord: self.init(.invalid, Self.sentence(error.message))
    case let error as StoreFailure: self.init(error)
    case let error as PluginError: self.init(error)
    case is CancellationError: self.init(.atCapacity, "The daemon is shutting down; try again soon.", retryAfter: 5)
    default: self.init(.internal, "The daemon could not do this; its log says why.")
    }
  }

  /// A text as a sentence: with a capital letter, where it begins with a word, and a full stop.
  private static func sentence(_ text: String) -> String {
    (text.prefix(1).uppercased() + text.dropFirst()) + (text.hasSuffix(".") ? "" : ".")
  }

  private init(_ failure: StoreFailure) {
    switch failure.code {
    case .notFound: self.init(.notFound, failure.message)
    case .conflict: self.init(.conflict, failure.message)
    case .full: self.init(.atCapacity, "The daemon's disk is full; its operator must free some space.", retryAfter: 60)
    case .busy: self.init(.atCapacity, "The daemon's store is busy; try again.", retryAfter: 1)
    default: self.init(.internal, "The daemon's store cannot be used; its log says why.")
    }
  }

  private init(_ error: PluginError) {
    let code: Code =
      switch error.code {
      case .invalid: .invalid
      case .notFound: .notFound
      case .denied: .forbidden
      case .internal: .internal
      default: .unprocessable
      }
    self.init(code, error.message, details: error.detail.map { ["detail": .string($0)] } ?? [:])
  }
}
