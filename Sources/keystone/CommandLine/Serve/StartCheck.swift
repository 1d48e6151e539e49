import ArgumentParser
import Glibc
import KeystoneAPI
import KeystoneSandbox
import KeystoneStore

/// What the daemon makes sure of before it serves; what is wrong is said together with what to do.
enum StartCheck {
  /// Says why the daemon does not start, and answers the exit code to throw.
  static func refuse(_ sentence: String, _ code: ExitCode = Exit.couldNotRun) -> ExitCode {
    Terminal.complain("error: \(sentence)")
    return code
  }

  /// Makes a folder and a file in it.
  static func folder(_ path: String, named flag: String) throws {
    do {
      try ArtifactFolder.makeFolders(path)
    } catch {
      throw refuse("the folder \(path) cannot be made; name another one with \(flag), or make it yours")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw refuse("the folder \(path) cannot be written; name another one with \(flag), or make it yours")
    }
  }

  /// Whether requests need a key, when there is one they can have.
  static func authentication(
    required: Bool, key: APIKey?, store: SQLiteStore, host: String, isInsisted: Bool
  ) async throws {
    guard required else {
      let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
      guard isLoopback || isInsisted else {
        throw refuse(
          "KEYSTONE_AUTH_REQUIRED=false would let everybody who reaches \(host) in; listen on 127.0.0.1, or add -allow-unauthenticated if that is what you want"
        )
      }
      return
    }
    if key != nil { return }
    guard try await store.keys().contains(where: { $0.revokedAt == nil }) else {
      throw refuse(
        "there is no API key, so nobody could use the daemon; make one with `keystone key create`, or set KEYSTONE_API_KEY"
      )
    }
  }
}
