import Glibc
import KeystoneKit

/// Asks a plugin what it is, in a process that ends right after.
struct DescriptorAsker: Sendable {
  let installation: Installation
  let options: PluginOptions

  /// The plugin's answer to `describe`, unread.
  ///
  /// - Parameters:
  ///   - file: The plugin.
  ///   - isTrusted: Whether it came with the host and needs no confinement.
  /// - Returns: The answer, or an error whose message is the rest of a sentence that begins with the plugin.
  func ask(_ file: String, isTrusted: Bool) async -> Result<[UInt8], PluginError> {
    let folder = installation.cache.folder("asked").folder("\(getpid())-\(file.hashValue)")
    defer { if !isTrusted { folder.remove() } }
    do {
      if let problem = SharedLibraryHeader.problem(in: try FileReader(file).head(SharedLibraryHeader.size)) {
        return .failure(PluginError(.invalid, problem))
      }
      if !isTrusted { try folder.create() }
      let confinement = isTrusted ? nil : Confinement(stateFolder: folder.path)
      let plugin = try await IsolatedPlugin.start(
        file: file, helper: installation.pluginHost,
        confinement: try await ConfinementRule(options).apply(confinement), concurrency: 1,
        incoming: { _ in throw PluginError(.denied, "a plugin has no services of the host while it describes itself") })
      let call = plugin.session.begin("keystone.plugin/1.describe", Array("{}".utf8), budget: .seconds(10))
      let answer: Result<[UInt8], PluginError>
      do { answer = .success(try await call.result()) } catch { answer = .failure(described(error)) }
      await plugin.stop()
      return answer
    } catch let error as FileFailure {
      return .failure(
        PluginError(.unavailable, "cannot be looked at: \(error): see to the file's and the folder's rights"))
    } catch {
      return .failure(described(error))
    }
  }

  private func described(_ error: any Error) -> PluginError {
    let error = PluginError(error)
    return PluginError(error.code, "cannot be used: \(error.message)", detail: error.detail)
  }
}
