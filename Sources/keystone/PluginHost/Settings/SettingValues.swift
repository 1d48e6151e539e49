package import KeystoneKit

/// What a plugin is told of its settings: for each the flag, else the environment, else what was recorded, else
/// its default.
package struct SettingValues: Sendable {
  /// Where a value came from.
  package enum Source: Sendable, Equatable {
    /// The command line.
    case flag(String)
    /// An environment variable.
    case environment(String)
    /// `keystone plugin set`.
    case recorded
    /// The plugin's own default.
    case preset
  }

  /// The values, by the setting's name; holds secrets.
  package let values: [String: JSONValue]
  /// Where each value came from.
  package let sources: [String: Source]

  /// Finds the value of each setting a plugin declares.
  ///
  /// - Throws: ``PluginError`` with the rest of a sentence that begins with the plugin, when a value does not fit.
  init(_ descriptor: PluginDescriptor, record: PluginRecord, options: PluginOptions) throws {
    var values: [String: JSONValue] = [:]
    var sources: [String: Source] = [:]
    for setting in descriptor.settings {
      guard let (value, source) = try Self.find(setting, record, options) else { continue }
      values[setting.name] = value
      sources[setting.name] = source
    }
    self.values = values
    self.sources = sources
  }

  private static func find(
    _ setting: Setting, _ record: PluginRecord, _ options: PluginOptions
  ) throws -> (JSONValue, Source)? {
    if let flag = setting.flag, let text = options.flags[flag] {
      return (try value(of: text, for: setting, from: "flag -\(flag)"), .flag(flag))
    }
    if let name = setting.environment, let text = options.environment[name], !text.isEmpty {
      return (try value(of: text, for: setting, from: "environment variable \(name)"), .environment(name))
    }
    if let recorded = record.settings[setting.name] {
      guard setting.accepts(recorded) else {
        throw setting.mismatch(recorded.text, from: "value recorded by `keystone plugin set`", remedy: "set it again")
      }
      return (recorded, .recorded)
    }
    return setting.default.map { ($0, .preset) }
  }

  private static func value(of text: String, for setting: Setting, from source: String) throws -> JSONValue {
    guard let value = setting.value(of: text) else {
      throw setting.mismatch("`\(text)`", from: source, remedy: "correct the \(source)")
    }
    return value
  }
}

extension SettingValues: CustomStringConvertible {
  /// The settings' names and where their values came from, without the values.
  package var description: String {
    sources.sorted { $0.key < $1.key }.map { "\($0.key) from \($0.value)" }.joined(separator: ", ")
  }
}

extension Setting {
  /// The value that `text` stands for, or `nil` when it stands for none of this type.
  func value(of text: String) -> JSONValue? {
    switch type {
    case .string, .path: return .string(text)
    case .integer: return Int64(text).map { .integer($0) }
    case .number: return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    case .boolean: return Self.truth(text).map { .bool($0) }
    case .url:
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("//"), parts[1].utf8.count > 2 else { return nil }
      return .string(text)
    }
  }

  /// Whether a recorded value is of this type.
  func accepts(_ value: JSONValue) -> Bool {
    switch type {
    case .string, .path, .url: value.string.flatMap { self.value(of: $0) } != nil
    case .integer: value.int != nil && value.string == nil
    case .number: value.double != nil
    case .boolean: value.bool != nil
    }
  }

  private static func truth(_ text: String) -> Bool? {
    switch text.lowercased() {
    // A flag without a value says yes.
    case "true", "yes", "on", "1", "": true
    case "false", "no", "off", "0": false
    default: nil
    }
  }

  /// The error for a value that does not fit; a secret is not shown.
  func mismatch(_ shown: String, from source: String, remedy: String) -> PluginError {
    let value = secret ? "a value that is not shown" : shown
    return PluginError(
      .invalid,
      "cannot be configured: its setting `\(name)` is \(value) by the \(source) and must be \(expected): \(remedy)")
  }

  private var expected: String {
    switch type {
    case .string: "text"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .url: "an absolute URL"
    case .path: "a path"
    }
  }
}
