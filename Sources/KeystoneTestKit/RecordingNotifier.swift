public import KeystoneKit

/// A notifier that delivers nothing and keeps what it was told, for tests of whatever fires alerts.
public struct RecordingNotifier: Notifier {
  /// What a spec says beside the type.
  public struct Parameters: ParameterSet {
    @Parameter("Whether deliveries fail, with an error that may be tried again.") var fails = false

    /// Deliveries that succeed.
    public init() {}
  }

  /// The type's name.
  public static let type = "recording"
  /// What it is.
  public static let summary = "Keeps alerts in memory and tells nobody."

  private static let all = Locked<[Alert]>([])

  /// A notifier that was told nothing yet.
  public init() {}

  /// Every alert that any notifier of this type in this process was told, in order.
  public static var alerts: [Alert] { all.withLock { $0 } }

  /// Keeps the alert.
  public func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws {
    if parameters.fails { throw PluginError(.unavailable, "this delivery was meant to fail", retryable: true) }
    Self.all.withLock { $0.append(alert) }
  }
}
