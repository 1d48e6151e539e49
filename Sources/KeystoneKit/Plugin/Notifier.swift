/// A way to tell somebody that an alert fired.
///
/// The host calls ``notify(_:_:in:)`` once per firing and destination. It runs on a thread of KeystoneKit and
/// may block; cancellation means that the host stops or the time is over.
///
/// Return when the message is accepted by the other side. Throw ``PluginError`` otherwise: the host tries
/// again with back-off when the error is retryable, with the same ``Alert/id``, and records the failure.
///
/// The acceptance test is `NotifierConformance`.
public protocol Notifier: PluginType {
  /// Delivers one alert.
  func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws
}
