import KeystoneKit
import Testing

@testable import KeystoneSandbox

/// What counts as a change between two snapshots of a workspace.
@Suite struct BaselineTests {
  func file(
    _ path: String, _ digest: String? = "aa", kind: FileStatus.Kind = .file, mode: UInt32 = 0o644,
    target: SandboxPath? = nil
  ) -> FileStatus {
    FileStatus(path: SandboxPath(path), kind: kind, size: 1, mode: mode, sha256: digest, target: target)
  }

  func changes(_ before: [FileStatus], _ after: [FileStatus]) -> [FileChange] {
    LiveSandbox.changes(
      from: Dictionary(before.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first }), to: after)
  }

  @Test func additionsModificationsAndRemovalsAreToldApartInOrder() {
    let found = changes([file("b"), file("c"), file("d")], [file("c", "bb"), file("d"), file("a")])
    #expect(
      found == [
        FileChange(path: SandboxPath("a"), kind: .added), FileChange(path: SandboxPath("b"), kind: .removed),
        FileChange(path: SandboxPath("c"), kind: .modified),
      ])
  }

  @Test func aChangedModeKindOrTargetIsAModification() {
    #expect(changes([file("a")], [file("a", mode: 0o755)]).count == 1)
    #expect(changes([file("a")], [file("a", nil, kind: .symlink, target: SandboxPath("b"))]).count == 1)
    func link(_ target: String) -> FileStatus { file("l", nil, kind: .symlink, target: SandboxPath(target)) }
    #expect(changes([link("a")], [link("b")]).count == 1)
    #expect(changes([link("a")], [link("a")]).isEmpty)
  }

  @Test func foldersAreNoChangesButWhatReplacesThemIs() {
    #expect(changes([], [file("d", nil, kind: .directory)]).isEmpty)
    #expect(changes([file("d", nil, kind: .directory)], []).isEmpty)
    #expect(changes([file("d", nil, kind: .directory)], [file("d")]).count == 1)
    #expect(
      changes([file("d")], [file("d", nil, kind: .directory)]) == [FileChange(path: SandboxPath("d"), kind: .removed)])
  }

  @Test func aNameThatIsNoTextIsAName() {
    var status = file("x")
    status.path = SandboxPath(bytes: [0xFF, 0x2F, 0xFE])
    #expect(changes([], [status]).map(\.path.bytes) == [[0xFF, 0x2F, 0xFE]])
  }
}
