import Glibc
import KeystoneKit
import SandboxHelper
import Testing

@Suite struct CommandTests {
  @Test(arguments: TestIsolation.allCases)
  func commandsReportOutputAndExitCode(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let ran = try await sandbox.shell("echo out; echo err >&2; exit 3")
      #expect(ran.status.exitCode == 3)
      #expect(ran.output == "out\n")
      #expect(ran.errorOutput == "err\n")
      #expect(try await sandbox.shell("kill -TERM $$").status.signal == 15)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func theEnvironmentIsExactlyWhatWasGiven(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation, environment: ["A": "1", "B": "2"]) { sandbox in
      var command = Command(["/usr/bin/env"], environment: ["B": "3"])
      let names = { (text: String) in Set(text.split(separator: "\n").map { $0.prefix { $0 != "=" } }) }
      let all = try await sandbox.run(command).output
      #expect(names(all) == ["PATH", "HOME", "USER", "LANG", "TZ", "A", "B"])
      #expect(all.contains("B=3\n"))
      command.isPristine = true
      let pristine = try await sandbox.run(command).output
      #expect(names(pristine) == ["PATH", "HOME", "USER", "LANG", "TZ", "B"])
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func aProgramThatDoesNotExistIsNotFoundAndOneThatIsNoneIsDenied(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      try await sandbox.write("echo", to: "plain")
      let missing = await #expect(throws: PluginError.self) { try await sandbox.run(Command(["no-such-program"])) }
      #expect(missing?.code == .notFound)
      let plain = await #expect(throws: PluginError.self) { try await sandbox.run(Command(["./plain"])) }
      #expect(plain?.code == .denied)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func aTimeoutKillsDaemonsThatForkedTwiceAndIgnoreSIGTERM(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let line = """
        trap '' TERM
        (setsid sh -c 'trap "" TERM; echo $$ > daemon; sleep 1000' > /dev/null 2>&1 &)
        while [ ! -s daemon ]; do :; done
        sleep 1000
        """
      let ran = try await sandbox.shell(line, timeout: .milliseconds(300))
      #expect(ran.status.timedOut)
      let left = try await sandbox.shell("kill -0 $(cat daemon)")
      #expect(left.status.exitCode != 0)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func cancellingKillsTheCommand(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let task = Task { try await sandbox.shell("echo $$ > pid; exec sleep 1000") }
      while try await sandbox.shell("test -s pid").status.exitCode != 0 {}
      task.cancel()
      await #expect(throws: (any Error).self) { try await task.value }
      #expect(try await sandbox.shell("kill -0 $(cat pid)").status.exitCode != 0)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func whatACommandLeavesRunningStaysUntilEverythingIsKilled(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let ran = try await sandbox.shell("echo first; (sleep 1000 & echo $! > pid); echo last")
      #expect(ran.output == "first\nlast\n")
      #expect(try await sandbox.shell("kill -0 $(cat pid)").status.exitCode == 0)
      try await sandbox.killAll()
      #expect(try await sandbox.shell("kill -0 $(cat pid)").status.exitCode != 0)
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func inputArrivesWholeAndInOrder(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let left = Locked(200)
      let input = ByteInput {
        let number = left.withLock { left in
          left -= 1
          return left
        }
        return number < 0 ? nil : [UInt8](repeating: UInt8(number), count: 100_000)
      }
      let ran = try await sandbox.run(Command(["/bin/sh", "-c", "wc -c; echo done"]), input: input)
      #expect(ran.output == "20000000\ndone\n")
      let endless = ByteInput { [UInt8](repeating: 0, count: 65536) }
      let early = try await sandbox.run(.shell("exec <&-; echo early"), input: endless)
      #expect(early.output == "early\n")
    }
  }

  @Test(arguments: TestIsolation.allCases)
  func aFloodWaitsForItsReaderAndOthersDoNot(_ isolation: TestIsolation) async throws {
    try await withSandbox(isolation) { sandbox in
      let received = Locked(0)
      let gate = Mailbox<Void>()
      let slow = ByteOutput { bytes in
        received.withLock { $0 += bytes.count }
        _ = try await gate.next()
      }
      let flood = Task {
        let command = Command(["head", "-c", "50000000", "/dev/zero"])
        return try await sandbox.execute(command, streams: CommandStreams(output: slow))
      }
      try await eventually("the flood has begun") { received.withLock { $0 } > 0 }
      let other = try await sandbox.shell("echo other").output
      #expect(other == "other\n")
      let early = received.withLock { $0 }
      #expect(early <= 1 << 20)
      gate.finish()
      let status = try await flood.value
      #expect(status.isSuccess)
      let all = received.withLock { $0 }
      #expect(all == 50_000_000)
    }
  }
}
