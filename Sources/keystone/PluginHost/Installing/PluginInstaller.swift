package import KeystoneKit

/// Changes what the operator recorded about plugins: installs, removes, sets, prefers.
///
/// A host that runs already goes on with what it found until it takes another generation.
package struct PluginInstaller: Sendable {
  /// A plugin that was looked at and not installed yet.
  package struct Candidate: Sendable {
    /// The file it was read from.
    package var file: String
    /// The SHA-256 of the file, in hexadecimal.
    package var digest: String
    /// What it says of itself; its permissions are what the operator has to agree to.
    package var descriptor: PluginDescriptor
  }

  /// The largest plugin that can be installed.
  private static let largestFile = 512 << 20

  private let installation: Installation
  private let options: PluginOptions

  /// An installer for the user whose data folder this is.
  package init(_ installation: Installation, options: PluginOptions = PluginOptions()) {
    self.installation = installation
    self.options = options
  }

  // MARK: Installing

  /// Copies a plugin into the user's folder and asks the copy what it is, without using it yet.
  ///
  /// - Parameter file: The shared library.
  /// - Returns: The plugin; nothing is recorded before ``install(_:)``.
  /// - Throws: ``PluginError`` with a sentence that ends in what to do.
  package func examine(_ file: String) async throws -> Candidate {
    do {
      let source = try FileReader(file)
      if let problem = SharedLibraryHeader.problem(in: source.head(SharedLibraryHeader.size)) {
        throw PluginError(.invalid, "\(file) \(problem)")
      }
      let bytes = try source.contents(limit: Self.largestFile)
      let digest = sha256(bytes)
      try installation.plugins.create()
      try installation.plugins.checkOwnership()
      try installation.plugins.write(bytes, to: "\(digest).so", mode: 0o400)
      return Candidate(file: file, digest: digest, descriptor: try await describe(file, digest))
    } catch let error as FileFailure {
      throw PluginError(.unavailable, "\(file) cannot be installed: \(error)")
    }
  }

  private func describe(_ file: String, _ digest: String) async throws -> PluginDescriptor {
    let cache = DescriptorCache(installation.cache)
    if let known = cache.descriptor(digest) { return known }
    let copy = "\(installation.plugins.path)/\(digest).so"
    do {
      let answer = try await DescriptorAsker(installation: installation, options: options)
        .ask(copy, isTrusted: false).get()
      let descriptor = try PluginDescriptor(answer: answer)
      cache.keep(answer, of: digest)
      return descriptor
    } catch {
      installation.plugins.removeFile("\(digest).so")
      let error = PluginError(error)
      throw PluginError(error.code, "plugin \(file) \(error.message)", detail: error.detail)
    }
  }

  /// Records a plugin that was examined; its permissions count as agreed to.
  ///
  /// An older version of the same plugin is replaced and what was set for it stays.
  ///
  /// - Parameters:
  ///   - candidate: What ``examine(_:)`` answered.
  ///   - isDowngradeAllowed: Whether it may replace a newer version.
  /// - Returns: The record.
  /// - Throws: ``PluginError`` when it cannot be written, or is older than what is installed.
  @discardableResult package func install(
    _ candidate: Candidate, isDowngradeAllowed: Bool = false
  ) throws -> PluginRecord {
    let descriptor = candidate.descriptor
    return try change { records in
      var record = records[descriptor.name]
      if let installed = record.version, !isDowngradeAllowed, Self.isOlder(descriptor.version, than: installed) {
        throw PluginError(
          .denied,
          "\(descriptor.name) \(descriptor.version) (sha256 \(candidate.digest.prefix(12))…) is older than the installed "
            + "\(installed) (sha256 \(record.sha256?.prefix(12) ?? "")…): say that you mean it with --downgrade")
      }
      record.version = descriptor.version
      record.sha256 = candidate.digest
      record.file = candidate.file
      record.permissions = descriptor.permissions
      record.enabled = true
      records[descriptor.name] = record
      return record
    }
  }

  /// Whether a version comes before another by its three numbers.
  private static func isOlder(_ version: String, than other: String) -> Bool {
    func numbers(_ version: String) -> [Int] {
      version.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? .max }
    }
    return numbers(version).lexicographicallyPrecedes(numbers(other))
  }

  /// Forgets an installed plugin and all that was set for it.
  package func remove(_ name: String) throws {
    let digest: String? = try change { records in
      guard let index = records.plugins.firstIndex(where: { $0.name == name && $0.sha256 != nil }) else {
        throw PluginError(
          .notFound, "no plugin \(name) is installed: look at `keystone plugin list`; a built-in can be disabled")
      }
      let digest = records.plugins.remove(at: index).sha256
      records.prefer = records.prefer.filter { $0.value != name }
      return records.plugins.contains { $0.sha256 == digest } ? nil : digest
    }
    if let digest { installation.plugins.removeFile("\(digest).so") }
  }

  // MARK: Settings

  /// Says whether a plugin is used.
  package func setEnabled(_ isEnabled: Bool, _ name: String, in registry: PluginRegistry) throws {
    try change(name, in: registry) { $0.enabled = isEnabled }
  }

  /// Says where a plugin runs.
  package func setHome(_ home: PluginHome, of name: String, in registry: PluginRegistry) throws {
    try change(name, in: registry) { $0.home = home }
  }

  private func change(
    _ name: String, in registry: PluginRegistry, _ body: (inout PluginRecord) -> Void
  ) throws {
    try change { records in
      let isKnown = records.plugins.contains { $0.name == name }
      guard isKnown || registry.plugins.contains(where: { $0.descriptor.name == name }) else {
        throw PluginError(.notFound, "there is no plugin \(name): look at `keystone plugin list`")
      }
      body(&records[name])
    }
  }

  /// Records the value of a setting.
  ///
  /// - Parameters:
  ///   - text: The value as a person writes it.
  ///   - setting: The setting's name.
  ///   - name: The plugin's name.
  ///   - registry: What is installed.
  /// - Throws: ``PluginError`` when there is no such setting or the text is not of its type.
  package func set(_ text: String, for setting: String, of name: String, in registry: PluginRegistry) throws {
    try change { records in
      guard let descriptor = descriptor(of: name, records, registry) else {
        throw PluginError(.notFound, "there is no plugin \(name): look at `keystone plugin list`")
      }
      guard let declared = descriptor.settings.first(where: { $0.name == setting }) else {
        let names = descriptor.settings.map(\.name).joined(separator: ", ")
        throw PluginError(
          .notFound, "plugin \(name) has no setting `\(setting)`: it has \(names.isEmpty ? "none" : names)")
      }
      guard let value = declared.value(of: text) else {
        let error = declared.mismatch("`\(text)`", from: "command line", remedy: "give another value")
        throw PluginError(.invalid, "plugin \(name) \(error.message)")
      }
      records[name].settings[setting] = value
    }
  }

  private func descriptor(
    of name: String, _ records: PluginRecords, _ registry: PluginRegistry
  ) -> PluginDescriptor? {
    registry.plugins.first { $0.descriptor.name == name }?.descriptor
      ?? records[name].sha256.flatMap { DescriptorCache(installation.cache).descriptor($0) }
  }

  /// Says which plugin a type's plain name means.
  ///
  /// - Parameters:
  ///   - type: The type's name, or `point:type` to say it for one extension point.
  ///   - name: The plugin's name.
  ///   - registry: What is installed.
  /// - Throws: ``PluginError`` when the plugin has no such type.
  package func prefer(_ type: String, _ name: String, in registry: PluginRegistry) throws {
    let hasType = registry.types.contains { known in
      let plain = known.descriptor.type
      return known.plugin == name && (plain == type || "\(known.descriptor.point.rawValue):\(plain)" == type)
    }
    guard hasType else {
      throw PluginError(.notFound, "plugin \(name) has no type `\(type)`: look at `keystone plugin list`")
    }
    try change { $0.prefer[type] = name }
  }

  private func change<Result>(_ body: (inout PluginRecords) throws -> Result) throws -> Result {
    do {
      return try PluginRecords.change(in: installation.plugins, body)
    } catch let error as FileFailure {
      throw PluginError(.unavailable, error.description)
    }
  }
}
