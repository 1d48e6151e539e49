import Glibc
import KeystoneKit
import SandboxHelper
import Testing

@Suite struct FileTests {
  @Test(arguments: TestIsolation.allCases)
  func filesAreWrittenReadListedAndRemoved(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      try await sandbox.write("hello", to: "a/b/c.txt")
      #expect(try await sandbox.text(of: "/workspace/a/b/c.txt") == "hello")
      #expect(try await sandbox.shell("cat a/b/c.txt && echo more >> a/b/c.txt").output == "hello")
      let status = try await sandbox.status(of: "a/b/c.txt")
      #expect(status.kind == .file && status.size == 10)
      var names: [String] = []
      try await sandbox.list("a", recursive: true) { names.append($0.path.description) }
      #expect(names == ["b", "b/c.txt"])
      try await sandbox.remove("a")
      try await sandbox.remove("a")
      await #expect(throws: PluginError.self) { try await sandbox.status(of: "a") }
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func largeFilesPassInBothDirections(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let left = Locked(50)
      let input = ByteInput {
        let isMore = left.withLock { left in
          left -= 1
          return left >= 0
        }
        return isMore ? [UInt8](repeating: 7, count: 200_000) : nil
      }
      let written = try await sandbox.write("big", mode: 0o600, area: .sandbox, from: input)
      #expect(written.size == 10_000_000 && written.mode == 0o600)
      let collected = Collected()
      let status = try await sandbox.read("big", offset: 1, limit: nil, to: collected.output)
      #expect(collected.count == 9_999_999 && status.size == 10_000_000)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func noPathAndNoLinkLeadsOutOfTheWorkspace(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      _ = try await sandbox.shell("ln -s /etc/passwd out; ln -s ../../../../etc/passwd up; ln -s / root")
      _ = try await sandbox.shell("echo in > real; ln -s real link")
      for path in ["out", "up", "root/etc/passwd", "../../../etc/passwd", "/workspace/../etc/passwd"] {
        let error = await #expect(throws: PluginError.self) { try await sandbox.text(of: SandboxPath(path)) }
        #expect(error?.code == .denied || error?.code == .notFound, "\(path): \(error?.message ?? "")")
      }
      await #expect(throws: PluginError.self) { try await sandbox.write("x", to: "root/tmp/escaped") }
      #expect(try await sandbox.text(of: "link") == "in\n")
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func whatIsNoRegularFileIsAnErrorAndNoHang(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      _ = try await sandbox.shell("mkfifo fifo; mkdir folder; truncate -s 5G huge")
      for path: SandboxPath in ["fifo", "folder"] {
        let error = await #expect(throws: PluginError.self) { try await sandbox.text(of: path) }
        #expect(error?.code == .invalid)
      }
      let collected = Collected()
      _ = try await sandbox.read("huge", offset: 4 << 30, limit: 10, to: collected.output)
      #expect(collected.count == 10)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func theTreeHasADigestOfEveryByteAndSeesAChangeOfTheSameSize(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      _ = try await sandbox.shell("mkdir d; printf abc > d/f; ln -s f d/l; mkfifo p; printf x > locked; chmod 0 locked")
      let first = try await sandbox.tree()
      #expect(first["d/f"]?.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      #expect(first["d/l"]?.target == "f")
      #expect(first["p"]?.kind == .other && first["d"]?.kind == .directory)
      if isolation == .bubblewrap || getuid() == 0 { #expect(first["locked"]?.sha256 != nil) }
      _ = try await sandbox.shell("touch -r d/f stamp; printf abd > d/f; touch -r stamp d/f; rm stamp")
      let second = try await sandbox.tree()
      #expect(second["d/f"]?.sha256 != first["d/f"]?.sha256)
      #expect(second.filter { $0.value != first[$0.key] }.keys.sorted() == ["d/f"])
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func aRelativePathInTmpIsLookedUpThere(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let name = "keystone-\(sandbox.folder.path.hashValue.magnitude)"
      _ = try await sandbox.shell("echo there > /tmp/\(name)")
      #expect(try await sandbox.text(of: SandboxPath("tmp/\(name)")) == "there\n")
      _ = try await sandbox.shell("rm /tmp/\(name)")
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func protectedFilesAreReadableAndNobodyInsideCanReplaceThem(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let input = ByteInput(Array("judge".utf8))
      _ = try await sandbox.write("check/run.py", mode: 0o644, area: .protected, from: input)
      let path = "\(sandbox.environment.protectedPath)/check/run.py"
      #expect(try await sandbox.shell("cat \(path)").output == "judge")
      guard isolation == .bubblewrap || getuid() == 0 else { return }
      let attack = """
        echo evil > \(path); rm -rf \(sandbox.environment.protectedPath); mv /run/keystone /run/elsewhere
        mkdir -p \(sandbox.environment.protectedPath)/check && echo evil > \(path)
        """
      _ = try await sandbox.shell(attack)
      #expect(try await sandbox.shell("cat \(path)").output == "judge")
      for outside: SandboxPath in ["../x", "/x", "a/../../x", ""] {
        await #expect(throws: PluginError.self) {
          try await sandbox.write(outside, mode: 0o644, area: .protected, from: ByteInput([]))
        }
      }
    }
  }
}
