package import KeystoneKit

/// A plugin that can be used; its code is loaded when it is first called.
package struct LoadedPlugin: Sendable {
  /// What it says of itself.
  package var descriptor: PluginDescriptor
  /// Its shared library.
  package var file: String
  /// The SHA-256 of the file, in hexadecimal.
  package var digest: String
  /// Where its code runs.
  package var home: PluginHome
  /// Whether it came with the host.
  package var isBuiltin: Bool
  /// What the operator agreed to let it reach when it runs isolated.
  package var permissions: PluginPermissions
  /// What it is told of its settings; holds secrets, so it is not for showing.
  package var settings: SettingValues

  /// What the file was like when its digest was taken.
  var identity: FileIdentity

  /// The plugin as errors name it.
  package var label: String { "\(descriptor.name) \(descriptor.version) (\(file))" }
}

/// A type that specs can use.
package struct InstalledType: Sendable {
  /// What the plugin says of it.
  package var descriptor: TypeDescriptor
  /// The plugin's name.
  package var plugin: String
  /// The plugin's version.
  package var version: String
  /// The plugin's shared library.
  package var file: String
  /// The SHA-256 of the file, in hexadecimal.
  package var digest: String

  init(_ descriptor: TypeDescriptor, of plugin: LoadedPlugin) {
    self.descriptor = descriptor
    self.plugin = plugin.descriptor.name
    version = plugin.descriptor.version
    file = plugin.file
    digest = plugin.digest
  }

  /// The name that always means this type: `plugin/type`.
  package var qualifiedName: String { "\(plugin)/\(descriptor.type)" }
}

/// A plugin, or one type of it, that is not used, and why.
package struct PluginRefusal: Sendable, Equatable {
  /// The file it is about.
  package var file: String
  /// The plugin's name, when it is known.
  package var plugin: String?
  /// The type, when only that type is refused.
  package var type: String?
  /// One sentence that ends in what to do.
  package var reason: String

  init(file: String, plugin: String? = nil, type: String? = nil, reason: String) {
    self.file = file
    self.plugin = plugin
    self.type = type
    self.reason = reason
  }
}

/// What has happened to plugins since the host started.
package struct PluginCounters: Sendable, Equatable {
  /// Plugins and types that were refused.
  package var refusals = 0
  /// Times a plugin was loaded or its process started.
  package var starts = 0
  /// Processes of isolated plugins that ended by themselves.
  package var deaths = 0
  /// Calls that were begun.
  package var calls = 0
  /// Calls that were given up because the plugin did not answer even when asked to stop.
  package var abandoned = 0
  /// Replies to calls that had ended or never were.
  package var lateReplies = 0
  /// Frames, credits and cancels for calls that had ended or never were.
  package var strayFrames = 0
  /// Calls ended because the plugin sent more than it was granted.
  package var creditViolations = 0

  mutating func add(_ other: PluginCounters) {
    abandoned += other.abandoned
    lateReplies += other.lateReplies
    strayFrames += other.strayFrames
    creditViolations += other.creditViolations
  }

  mutating func add(_ other: PeerSession.Counters) {
    abandoned += other.abandoned
    lateReplies += other.lateReplies
    strayFrames += other.strayFrames
    creditViolations += other.creditViolations
  }
}
