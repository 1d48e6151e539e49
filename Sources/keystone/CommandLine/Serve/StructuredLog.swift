import ArgumentParser
import KeystoneKit
import KeystoneSandbox
import Logging

/// How the daemon writes its log.
enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// The daemon's log on stderr: one line per event, with its values.
struct StructuredLog: LogHandler {
  let label: String
  let format: LogFormat
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  /// Makes every logger of this process write here.
  static func start(level: Logger.Level, format: LogFormat) {
    LoggingSystem.bootstrap { label in StructuredLog(label: label, format: format, logLevel: level) }
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:]) { _, own in own }
    switch format {
    case .text:
      let pairs = values.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
      Terminal.complain("\(UTCClock.now()) \(event.level) \(event.message)\(pairs)")
    case .json:
      var members: [String: JSONValue] = values.mapValues { .string("\($0)") }
      members["ts"] = .string(UTCClock.now())
      members["level"] = .string(event.level.rawValue)
      members["message"] = .string("\(event.message)")
      members["logger"] = .string(label)
      Terminal.complain(JSONValue.object(members).text)
    }
  }

  private static func quoted(_ text: String) -> String {
    text.contains { $0 == " " || $0 == "\"" || $0.isNewline } ? JSONValue.string(text).text : text
  }
}
