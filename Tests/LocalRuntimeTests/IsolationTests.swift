import FoundationEssentials
import Glibc
import KeystoneKit
import SandboxHelper
import Testing

@Suite struct IsolationTests {
  @Test func theHostIsNotThere() async throws {
    try await withSandbox(.bubblewrap) { sandbox in
      let line = "ls -d /root /home/* /opt /var/lib /srv /mnt /etc/shadow /run/* /etc/ssl/private 2>/dev/null"
      let seen = try await sandbox.shell(line).output
      #expect(seen == "/home/agent\n/run/keystone\n")
      #expect(try await sandbox.shell("hostname").output == "keystone\n")
      #expect(try await sandbox.shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '").output == "lo\n")
    }
  }

  @Test func commandsAreAnUnprivilegedUserWithoutCapabilities() async throws {
    try await withSandbox(.bubblewrap) { sandbox in
      let who = try await sandbox.shell("id -un; id -u; pwd; echo $HOME").output
      #expect(who == "agent\n1000\n/workspace\n/home/agent\n")
      let caps = try await sandbox.shell("grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status | cut -f2 | sort -u").output
      #expect(caps == "0000000000000000\n")
      #expect(try await sandbox.shell("touch /tmp/a /var/tmp/a /dev/shm/a $HOME/a a").status.isSuccess)
    }
  }

  @Test func theSystemAndTheFirstProcessCannotBeTouched() async throws {
    try await withSandbox(.bubblewrap) { sandbox in
      for line in [
        "echo x > /etc/ld.so.preload", "touch /usr/bin/x", "mkdir /x", "echo x > /dev/x", "mount -t tmpfs x /mnt",
        "ls /proc/1/fd", "cat /proc/1/mem", "mv /run/keystone /run/x",
      ] {
        #expect(try await sandbox.shell(line).status.exitCode != 0, "\(line)")
      }
      _ = try await sandbox.shell("kill -9 1; kill -9 -1")
      #expect(try await sandbox.shell("echo alive").output == "alive\n")
    }
  }

  @Test func destroyKillsDoubleForkedChildrenAndCanBeRepeated() async throws {
    let mark = "987\(getpid())"
    try await withSandbox(.bubblewrap) { sandbox in
      _ = try await sandbox.shell("(setsid sleep \(mark) > /dev/null 2>&1 &)")
      try await sandbox.destroy()
      try await sandbox.destroy()
      #expect(!commandLines().contains { $0.contains("sleep\0\(mark)") })
    }
  }

  @Test func withoutIsolationDestroyKillsDaemonsToo() async throws {
    let mark = "986\(getpid())"
    try await withSandbox(.none) { sandbox in
      #expect(sandbox.environment.isolation == "none" && !sandbox.environment.warnings.isEmpty)
      _ = try await sandbox.shell("(setsid sh -c '(setsid sleep \(mark) &)' > /dev/null 2>&1 &)")
      try await sandbox.destroy()
      #expect(!commandLines().contains { $0.contains("sleep\0\(mark)") })
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func theEndOfTheSocketKillsEverything(_ isolation: TestIsolation) async throws {
    let mark = "\(isolation == .none ? 984 : 985)\(getpid())"
    try await withSandbox(isolation) { sandbox in
      _ = try await sandbox.shell("(setsid sh -c '(setsid sleep \(mark) &)' > /dev/null 2>&1 &)")
      try await eventually("it runs") { commandLines().contains { $0.contains("sleep\0\(mark)") } }
      sandbox.connection.close()
      try await eventually("it is killed") { !commandLines().contains { $0.contains("sleep\0\(mark)") } }
      await #expect(throws: PluginError.self) { try await sandbox.shell("true") }
    }
  }

  /// Its first process dies with the thread that started it, and threads of a pool end when they are idle.
  @Test func aSandboxThatIsIdleForTenSecondsGoesOn() async throws {
    try await withSandbox(.bubblewrap) { sandbox in
      _ = try await sandbox.shell("(setsid sleep 100 >/dev/null 2>&1 &)")
      try await Task.sleep(for: .seconds(10))
      let ran = try await sandbox.shell("pgrep -x sleep >/dev/null && echo on")
      #expect(ran.output == "on\n")
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func anAbsurdRequestIsRefusedAndTheSandboxGoesOn(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let long = String(repeating: "x", count: 5 << 20)
      await #expect(throws: PluginError.self) { try await sandbox.run(Command(["echo", long])) }
      await #expect(throws: PluginError.self) { try await sandbox.run(Command(["echo", "a\0b"])) }
      await #expect(throws: PluginError.self) { try await sandbox.text(of: SandboxPath(long)) }
      let ran = try await sandbox.shell("echo on")
      #expect(ran.output == "on\n")
    }
  }

  @Test func aSandboxWhoseHostDiedIsFoundAndReaped() async throws {
    let folder = try TestFolder()
    let request = SandboxRequest(id: "sb-left", instance: "dead", folder: "\(folder.path)/sb-left", base: "")
    let left = SandboxFolder(path: request.folder)
    try left.make(for: request, owner: nil)
    let found = SandboxFolder.all(in: folder.path).compactMap(\.existing)
    #expect(found == [ExistingSandbox(id: "sb-left", instance: "dead")])
    try await LocalRuntime.reap(found[0], in: folder.path, program: TestProgram.path)
    #expect(access(left.path, F_OK) != 0)
  }

  @Test func hostileTreesAreRemoved() async throws {
    try await withSandbox(.bubblewrap) { sandbox in
      let line = "i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done; touch f; mkdir x; touch x/y; chmod 0 x"
      let made = try await sandbox.shell(line).status
      #expect(made.isSuccess)
    }
  }

  @Test func aFirstProcessThatCannotStartIsAnErrorAndLeavesNothing() async throws {
    let folder = try TestFolder()
    let request = SandboxRequest(id: "sb", instance: "test", folder: "\(folder.path)/sb", base: "")
    let start = SandboxStart(
      request, isolation: .bubblewrap("/bin/false"), program: TestProgram.path, cache: "\(folder.path)/cache")
    let error = await #expect(throws: PluginError.self) { try await start.run() }
    #expect(error?.code == .unavailable)
    #expect(access("\(folder.path)/sb", F_OK) != 0)
  }
}

/// The command lines of all processes of this machine.
func commandLines() -> [String] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return names.filter { $0.allSatisfy(\.isNumber) }.compactMap {
    SandboxFolder.readText("/proc/\($0)/cmdline", limit: 4096)
  }
}
