import KeystoneKit

/// Finds out what is there without running any plugin's code in this process.
struct Discovery {
  /// What was found.
  struct Outcome: Sendable {
    var plugins: [LoadedPlugin] = []
    var refusals: [PluginRefusal] = []
    var absent: [TypeNames.Absent] = []
    var records = PluginRecords()
  }

  /// A file that may be a usable plugin.
  struct Candidate {
    var file: String
    var expectedDigest: String
    var identity: FileIdentity
    var record: PluginRecord?
    var isBuiltin: Bool { record == nil }
  }

  let installation: Installation
  let options: PluginOptions
  let descriptors: DescriptorCache

  init(installation: Installation, options: PluginOptions) {
    self.installation = installation
    self.options = options
    descriptors = DescriptorCache(installation.cache)
  }

  func run() async -> Outcome {
    var outcome = Outcome()
    var digests = DigestCache(installation.cache)
    do throws(FileFailure) {
      outcome.records = try PluginRecords.read(in: installation.plugins)
    } catch {
      outcome.refusals.append(
        PluginRefusal(file: "\(installation.plugins.path)/\(PluginRecords.fileName)", reason: error.description))
    }
    let candidates = builtins(&digests, &outcome) + installed(&digests, &outcome)
    digests.save()
    let described = await describeAll(candidates)
    for (candidate, result) in zip(candidates, described) {
      switch result {
      case .success(let descriptor): add(candidate, descriptor, to: &outcome)
      case .failure(let error): refuse(candidate, error.message, &outcome)
      }
    }
    return outcome
  }

  // MARK: Descriptors

  /// Asks every plugin that was not asked yet, four at a time.
  private func describeAll(_ candidates: [Candidate]) async -> [Result<PluginDescriptor, PluginError>] {
    var results: [Result<PluginDescriptor, PluginError>?] = candidates.map { candidate in
      descriptors.descriptor(candidate.expectedDigest).map { .success($0) }
    }
    let unknown = results.indices.filter { results[$0] == nil }
    let asker = DescriptorAsker(installation: installation, options: options)
    await withTaskGroup(of: (Int, Result<[UInt8], PluginError>).self) { group in
      var next = unknown.makeIterator()
      func addOne() {
        guard let index = next.next() else { return }
        let (file, isBuiltin) = (candidates[index].file, candidates[index].isBuiltin)
        group.addTask { (index, await asker.ask(file, isTrusted: isBuiltin)) }
      }
      for _ in 0..<4 { addOne() }
      while let (index, answer) = await group.next() {
        results[index] = answer.flatMap { bytes in
          Result { try PluginDescriptor(answer: bytes) }.mapError(PluginError.init)
        }
        if case .success(let bytes) = answer, case .success = results[index] {
          descriptors.keep(bytes, of: candidates[index].expectedDigest)
        }
        addOne()
      }
    }
    return results.map { $0 ?? .failure(PluginError(.internal, "was not asked what it is: report this")) }
  }

  // MARK: Decisions

  private func add(_ candidate: Candidate, _ descriptor: PluginDescriptor, to outcome: inout Outcome) {
    let name = descriptor.name
    let record = candidate.record ?? outcome.records[name]
    if let first = outcome.plugins.first(where: { $0.descriptor.name == name }) {
      return refuse(
        candidate, "has the name `\(name)`, which \(first.file) has already: disable one of the two", &outcome)
    }
    if candidate.isBuiltin, !record.enabled {
      for type in descriptor.types {
        outcome.absent.append(
          TypeNames.Absent(
            point: type.point, type: type.type,
            reason:
              "type `\(type.type)` comes from plugin \(name), which is disabled: run `keystone plugin enable \(name)`"))
      }
      return
    }
    if !candidate.isBuiltin, !record.permissions.cover(descriptor.permissions) {
      return refuse(
        candidate, "asks for more than was agreed to when it was installed: run `keystone plugin install` again",
        &outcome)
    }
    do {
      let settings = try SettingValues(descriptor, record: record, options: options)
      let home = options.homes[name] ?? record.home ?? (candidate.isBuiltin ? .inProcess : .isolated)
      outcome.plugins.append(
        LoadedPlugin(
          descriptor: descriptor, file: candidate.file, digest: candidate.expectedDigest, home: home,
          isBuiltin: candidate.isBuiltin,
          permissions: candidate.isBuiltin ? descriptor.permissions : record.permissions,
          settings: settings, identity: candidate.identity))
    } catch {
      refuse(candidate, PluginError(error).message, &outcome)
    }
  }

  private func refuse(_ candidate: Candidate, _ reason: String, _ outcome: inout Outcome) {
    let name = candidate.record?.name
    let subject = name.map { "plugin \($0) (\(candidate.file))" } ?? "plugin \(candidate.file)"
    let sentence = "\(subject) \(reason)"
    outcome.refusals.append(PluginRefusal(file: candidate.file, plugin: name, reason: sentence))
    let file = candidate.file.split(separator: "/").last.map(String.init) ?? candidate.file
    remember(name ?? file, candidate.expectedDigest, &outcome) { "\($0) cannot be used: \(sentence)" }
  }
}
