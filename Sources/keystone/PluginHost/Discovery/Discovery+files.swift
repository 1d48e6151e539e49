import KeystoneKit

extension Discovery {
  /// The built-ins whose files are what the list says.
  func builtins(_ digests: inout DigestCache, _ outcome: inout Outcome) -> [Candidate] {
    let folder = installation.builtinsFolder
    let list: BuiltinsList
    do throws(FileFailure) {
      list = try BuiltinsList.read(in: folder)
    } catch {
      outcome.refusals.append(PluginRefusal(file: "\(folder)/\(BuiltinsList.fileName)", reason: error.description))
      return []
    }
    var candidates: [Candidate] = []
    for entry in list.plugins {
      let file = "\(folder)/\(entry.file)"
      guard FileIdentity(path: file) != nil else {
        remember(entry.file, entry.sha256, &outcome) {
          "\($0) comes from \(entry.file), which is missing in \(folder): run `make install` again to have it back"
        }
        continue
      }
      do throws(FileFailure) {
        let (digest, identity) = try digests.digest(of: file, followsLinks: true)
        guard digest == entry.sha256 else {
          throw FileFailure(
            "\(file) is not the file that the host was built with (its SHA-256 is \(digest.prefix(12))… and not "
              + "\(entry.sha256.prefix(12))…): run `make install` again, or install it with `keystone plugin install`")
        }
        candidates.append(Candidate(file: file, expectedDigest: digest, identity: identity))
      } catch {
        outcome.refusals.append(PluginRefusal(file: file, reason: error.description))
        remember(entry.file, entry.sha256, &outcome) { "\($0) cannot be used: \(error)" }
      }
    }
    return candidates
  }

  /// The installed plugins whose copies are what was recorded.
  func installed(_ digests: inout DigestCache, _ outcome: inout Outcome) -> [Candidate] {
    var candidates: [Candidate] = []
    let records = outcome.records.plugins.filter { $0.sha256 != nil }
    for record in records {
      guard let sha256 = record.sha256 else { continue }
      let file = "\(installation.plugins.path)/\(sha256).so"
      guard record.enabled else {
        remember(record.name, sha256, &outcome) {
          "\($0) comes from plugin \(record.name), which is disabled: run `keystone plugin enable \(record.name)`"
        }
        continue
      }
      do throws(FileFailure) {
        let (digest, identity) = try verifiedCopy(file, sha256, &digests, name: record.name)
        candidates.append(Candidate(file: file, expectedDigest: digest, identity: identity, record: record))
      } catch {
        outcome.refusals.append(PluginRefusal(file: file, plugin: record.name, reason: error.description))
        remember(record.name, sha256, &outcome) { "\($0) cannot be used: \(error)" }
      }
    }
    return candidates
  }

  private func verifiedCopy(
    _ file: String, _ sha256: String, _ digests: inout DigestCache, name: String
  ) throws(FileFailure) -> (String, FileIdentity) {
    guard sha256.utf8.count == 64, sha256.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { throw FileFailure("the record of plugin \(name) holds no digest: run `keystone plugin install` again") }
    try PrivateFolder(installation.dataFolder).checkOwnership()
    try installation.plugins.checkOwnership()
    guard FileIdentity(path: file) != nil else {
      throw FileFailure("the copy of plugin \(name), \(file), is missing: run `keystone plugin install` again")
    }
    let (digest, identity) = try digests.digest(of: file, followsLinks: false)
    guard digest == sha256 else {
      throw FileFailure(
        "the copy of plugin \(name), \(file), was changed after it was installed (its SHA-256 is "
          + "\(digest.prefix(12))…): run `keystone plugin install` again with a file you trust")
    }
    return (digest, identity)
  }

  /// Remembers the types of a plugin that is not there, so that a spec that uses one can be told why.
  func remember(
    _ name: String, _ digest: String, _ outcome: inout Outcome, _ reason: (String) -> String
  ) {
    guard let descriptor = descriptors.descriptor(digest) else {
      let type = BuiltinsList.promisedType(name)
      outcome.absent.append(TypeNames.Absent(point: nil, type: type, reason: reason("type `\(type)`")))
      return
    }
    for type in descriptor.types {
      outcome.absent.append(
        TypeNames.Absent(point: type.point, type: type.type, reason: reason("type `\(type.type)`")))
    }
  }
}
