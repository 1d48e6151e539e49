/// Why a call across the plugin boundary, or a plugin's own work, did not succeed.
public struct PluginError: Error, Sendable, Hashable {
  /// What kind of failure it is.
  public var code: Code
  /// One sentence that says what failed, where, and what to do.
  public var message: String
  /// More for a person who investigates, such as the last lines a process wrote.
  public var detail: String?
  /// Whether the same call may succeed later.
  public var retryable: Bool
  /// Problems with single members of the request.
  public var diagnostics: [Diagnostic]

  /// An error of kind `code`.
  public init(
    _ code: Code, _ message: String, detail: String? = nil, retryable: Bool = false, diagnostics: [Diagnostic] = []
  ) {
    self.code = code
    self.message = message
    self.detail = detail
    self.retryable = retryable
    self.diagnostics = diagnostics
  }

  /// A problem with one member of a request.
  public struct Diagnostic: Codable, Sendable, Hashable {
    /// Where, as a path such as `$.routes[2].status`.
    public var path: String
    /// What is wrong with it, in one sentence.
    public var message: String

    /// A problem at `path`.
    public init(path: String, message: String) {
      self.path = path
      self.message = message
    }
  }

  /// The kind of a failure; its number is the status on the wire.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The status of `keystone_plugin.h`.
    public let status: UInt32

    private init(known status: UInt32) { self.status = status }

    /// The code for a status; a number that is not known means ``internal``.
    public init(status: UInt32) { self.status = (1...9).contains(status) ? status : 9 }

    /// The request makes no sense.
    public static let invalid = Code(known: 1)
    /// The callee does not have this method or ability.
    public static let unsupported = Code(known: 2)
    /// Something outside is not there now.
    public static let unavailable = Code(known: 3)
    /// The thing named in the request does not exist.
    public static let notFound = Code(known: 4)
    /// The caller may not do this.
    public static let denied = Code(known: 5)
    /// The caller cancelled the call.
    public static let cancelled = Code(known: 6)
    /// The time for the call was used up.
    public static let deadline = Code(known: 7)
    /// A limit was reached.
    public static let exhausted = Code(known: 8)
    /// A defect in the callee.
    public static let `internal` = Code(known: 9)

    private static let names = [
      "invalid", "unsupported", "unavailable", "not_found", "denied", "cancelled", "deadline", "exhausted", "internal",
    ]

    /// The word for this code in error bodies, such as `not_found`.
    public var description: String { Self.names[Int(status) - 1] }
  }
}

extension PluginError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

extension PluginError {
  /// The error as the body of a reply.
  package var body: [UInt8] {
    var members: [String: JSONValue] = ["code": .string(code.description), "message": .string(message)]
    if let detail { members["detail"] = .string(detail) }
    if retryable { members["retryable"] = true }
    if !diagnostics.isEmpty {
      members["diagnostics"] = .array(
        diagnostics.map { ["path": .string($0.path), "message": .string($0.message)] })
    }
    return JSONValue.object(members).bytes
  }

  /// The error in a reply with `status`, whatever its body holds.
  package init(status: UInt32, body: [UInt8]) {
    let value = try? JSONValue(parsing: body)
    self.init(
      Code(status: status), value?["message"]?.string ?? "the call failed with status \(status) and no message",
      detail: value?["detail"]?.string, retryable: value?["retryable"]?.bool ?? false,
      diagnostics: (value?["diagnostics"]?.array ?? []).compactMap { item in
        guard let path = item["path"]?.string, let message = item["message"]?.string else { return nil }
        return Diagnostic(path: path, message: message)
      })
  }

  /// Any error as one that can cross: cancellation keeps its kind, anything unknown is a defect.
  package init(_ error: any Error) {
    switch error {
    case let error as PluginError: self = error
    case is CancellationError: self.init(.cancelled, "the call was cancelled")
    case let error as JSONError: self.init(.invalid, "the body is not JSON: \(error)")
    case let error as DecodingError: self.init(.invalid, "the body does not fit: \(error.sentence)")
    case let error as ParameterError:
      let diagnostics = error.problems.map { Diagnostic(path: $0.path, message: $0.message) }
      self.init(.invalid, error.description, diagnostics: diagnostics)
    default: self.init(.internal, "\(error)")
    }
  }
}

extension DecodingError {
  /// What does not fit and where, in one line.
  package var sentence: String {
    let context: Context
    switch self {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found),
      .dataCorrupted(let found):
      context = found
    @unknown default: return "\(self)"
    }
    let path = context.codingPath.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    return "$\(path): \(context.debugDescription)"
  }
}
