package import KeystoneKit

/// Why a sandbox or a scenario ended as an `error`, as a word that programs can tell apart and a sentence for people.
package struct StatusDetail: Sendable, Hashable {
  /// The word.
  package enum Reason: String, Sendable, CaseIterable {
    /// The image could not be had.
    case imagePullError = "IMAGE_PULL_ERROR"
    /// A limit on memory, disk, processes or the like was reached.
    case resourceLimitExceeded = "RESOURCE_LIMIT_EXCEEDED"
    /// A network could not be made or has no address.
    case networkError = "NETWORK_ERROR"
    /// The time was over.
    case expired = "EXPIRED"
  }

  /// The word.
  package var reason: Reason
  /// The sentence.
  package var message: String

  /// A detail.
  package init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  /// What an error says of its reason; `nil` when it has none of them.
  ///
  /// Whoever makes the error names the reason by beginning its detail with the word.
  package init?(_ error: PluginError) {
    let word = error.detail.map { $0.prefix { $0 == "_" || ("A"..."Z").contains($0) } }
    guard let reason = word.flatMap({ Reason(rawValue: String($0)) }) else { return nil }
    self.init(reason, error.message)
  }

  /// As a JSON object.
  package var json: JSONValue { ["reason": .string(reason.rawValue), "message": .string(message)] }
}
