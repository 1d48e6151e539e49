import KeystoneKit

extension RuntimeConformance {
  static func commandCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    outputCases(runtime) + inputCases(runtime) + environmentCases(runtime)
  }

  private static func outputCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("stdout and stderr are apart") { sandbox in
        let ran = try await sandbox.shell("echo out; echo err >&2")
        try expect(ran.text == "out\n" && ran.errorText == "err\n", "`\(ran.text)` and `\(ran.errorText)`")
      },
      runtime.sandbox("exit codes arrive") { sandbox in
        for code in [0, 1, 42, 127, 255] {
          let status = try await sandbox.shell("exit \(code)").status
          try expect(status.exitCode == code && status.signal == nil, "exit \(code) \(status.ending)")
        }
      },
      runtime.sandbox("the signal that ends a program arrives") { sandbox in
        for signal in [15, 9, 6] {
          let status = try await sandbox.shell("kill -\(signal) $$").status
          try expect(status.signal == signal && status.exitCode == nil, "signal \(signal): it \(status.ending)")
        }
      },
      runtime.sandbox("every byte arrives as it is") { sandbox in
        let bytes = (0..<256).map { UInt8($0) }
        try await sandbox.write("bytes", bytes)
        let ran = try await sandbox.run(Command(["cat", "bytes"]))
        try expect(ran.output == bytes, "\(ran.output.count) bytes, or others")
      },
      runtime.sandbox("no output is no output") { sandbox in
        let ran = try await sandbox.run(Command(["true"]))
        try expect(ran.output.isEmpty && ran.errorOutput.isEmpty && ran.status.isSuccess, "`\(ran.text)`")
      },
      runtime.sandbox("eight megabytes arrive whole") { sandbox in
        let ran = try await sandbox.run(Command(["head", "-c", "8388608", "/dev/zero"]))
        try expect(ran.output.count == 8 << 20, "\(ran.output.count) bytes arrived")
      },
      runtime.sandbox("two floods at once do not hold each other up") { sandbox in
        let ran = try await sandbox.shell("head -c 2000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait")
        let (first, second) = (ran.output.count, ran.errorOutput.count)
        try expect(first == 3_000_000 && second == 2_000_000, "\(first) and \(second) bytes arrived")
      },
      runtime.sandbox("a flood waits for its reader, and others do not") { sandbox in
        let flood = Command(["head", "-c", "20000000", "/dev/zero"])
        let call = try await sandbox.begin("exec", SandboxCall(command: flood))
        var received = try await call.input(1).next()?.count ?? 0
        let other = try await sandbox.shell("echo other").text
        try expect(other == "other\n", "another command answered `\(other)`")
        while let frame = try await call.input(1).next() { received += frame.count }
        _ = try await call.result()
        try expect(received == 20_000_000, "\(received) bytes arrived")
      },
      runtime.sandbox("output that is not wanted is thrown away") { sandbox in
        let call = try await sandbox.begin(
          "exec",
          SandboxCall(command: Command(["sh", "-c", "head -c 1000000 /dev/zero; exit 3"], discardsOutput: true)))
        let status = try SandboxUnderTest.status(try await call.result())
        try expect(status.exitCode == 3, "it \(status.ending)")
      },
    ]
  }

  private static func inputCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("input arrives whole and in order") { sandbox in
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let ran = try await sandbox.run(Command(["cat"]), input: ByteInput(bytes))
        try expect(ran.output == bytes, "\(ran.output.count) bytes came back, or others")
      },
      runtime.sandbox("without input there is the end of it") { sandbox in
        let ran = try await sandbox.run(Command(["wc", "-c"]))
        try expect(ran.text.contains("0"), "`\(ran.text)`")
      },
      runtime.sandbox("empty input is the end of it too") { sandbox in
        let ran = try await sandbox.run(Command(["wc", "-c"]), input: ByteInput([]))
        try expect(ran.text.contains("0"), "`\(ran.text)`")
      },
      runtime.sandbox("a program need not read its input") { sandbox in
        let endless = ByteInput { [UInt8](repeating: 0, count: 65536) }
        let ran = try await sandbox.run(.shell("exec <&-; echo early"), input: endless)
        try expect(ran.text == "early\n", "`\(ran.text)`")
      },
    ]
  }

  private static func environmentCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("arguments arrive as they are") { sandbox in
        let words = ["a b", "", "'\"$HOME`", "new\nline", "né ☃", "-n", "*"]
        let ran = try await sandbox.run(Command(["printf", "%s\\n<>\\n"] + words))
        try expect(ran.text == words.map { "\($0)\n<>\n" }.joined(), "`\(ran.text)`")
      },
      runtime.sandbox("a command's variables win over the sandbox's", environment: ["A": "1", "B": "2"]) { sandbox in
        let ran = try await sandbox.run(Command(["sh", "-c", "echo $A $B $C"], environment: ["B": "3", "C": "x y"]))
        try expect(ran.text == "1 3 x y\n", "`\(ran.text)`")
      },
      runtime.sandbox("a pristine command has none of the sandbox's variables", environment: ["A": "1"]) { sandbox in
        let ran = try await sandbox.run(
          Command(
            ["sh", "-c", "echo \"${A-none} $B ${PATH:+path} ${HOME:+home}\""], environment: ["B": "2"], isPristine: true
          ))
        try expect(ran.text == "none 2 path home\n", "`\(ran.text)`")
      },
      runtime.sandbox("nothing of the host's variables is there") { sandbox in
        let ran = try await sandbox.run(Command(["env"]))
        for name in ["KEYSTONE_DATA_DIR", "KEYSTONE_BIN", "SWIFT_BACKTRACE", "LD_LIBRARY_PATH"] {
          try expect(!ran.text.contains("\(name)="), "\(name) is there")
        }
      },
      runtime.sandbox("a command begins in the workspace") { sandbox in
        let ran = try await sandbox.run(Command(["pwd"]))
        try expect(ran.text == "\(sandbox.environment.workspacePath)\n", "`\(ran.text)`")
      },
      runtime.sandbox("a command begins in the folder it names") { sandbox in
        _ = try await sandbox.shell("mkdir -p a/b")
        for folder in ["a/b", "/workspace/a/b"] {
          let ran = try await sandbox.run(Command(["pwd"], directory: folder))
          try expect(ran.text == "\(sandbox.environment.workspacePath)/a/b\n", "\(folder): `\(ran.text)`")
        }
      },
      runtime.sandbox("a folder that does not exist is an error") { sandbox in
        let code = try await SandboxUnderTest.code("it") {
          _ = try await sandbox.run(Command(["pwd"], directory: "none"))
        }
        try expect([.notFound, .invalid, .denied, .unavailable].contains(code), "it is `\(code)`")
      },
      runtime.sandbox("a program that does not exist is not found") { sandbox in
        for name in ["no-such-program", "./no-such-program", "/no/such/program"] {
          let code = try await SandboxUnderTest.code(name) { _ = try await sandbox.run(Command([name])) }
          try expect(code == .notFound, "\(name) is `\(code)`")
        }
      },
      runtime.sandbox("a file that is no program is denied") { sandbox in
        try await sandbox.write("plain", "echo")
        let code = try await SandboxUnderTest.code("it") { _ = try await sandbox.run(Command(["./plain"])) }
        try expect(code == .denied, "it is `\(code)`")
      },
      runtime.sandbox("a command without arguments, or with a NUL, is refused and the sandbox goes on") { sandbox in
        for command in [Command([]), Command(["echo", "a\0b"])] {
          _ = try await SandboxUnderTest.code("\(command.arguments)") { _ = try await sandbox.run(command) }
        }
        let ran = try await sandbox.shell("echo on")
        try expect(ran.text == "on\n", "`\(ran.text)`")
      },
      runtime.sandbox("an argument of five megabytes is refused and the sandbox goes on") { sandbox in
        let long = String(repeating: "x", count: 5 << 20)
        _ = try await SandboxUnderTest.code("it") { _ = try await sandbox.run(Command(["echo", long])) }
        let ran = try await sandbox.shell("echo on")
        try expect(ran.text == "on\n", "`\(ran.text)`")
      },
    ]
  }

  static func processCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("a command that takes too long is killed, and says so") { sandbox in
        let ran = try await sandbox.shell("echo begun; sleep 1000", timeout: .milliseconds(300))
        try expect(ran.status.timedOut && ran.text == "begun\n", "it \(ran.status.ending), `\(ran.text)`")
      },
      runtime.sandbox("its time over kills what forked twice and ignores SIGTERM") { sandbox in
        let line = """
          trap '' TERM
          (setsid sh -c 'trap "" TERM; echo $$ > daemon; sleep 1000' > /dev/null 2>&1 &)
          while [ ! -s daemon ]; do :; done
          sleep 1000
          """
        let ran = try await sandbox.shell(line, timeout: .seconds(1))
        try expect(ran.status.timedOut, "it \(ran.status.ending)")
        try await sandbox.eventually("! kill -0 $(cat daemon)")
      },
      runtime.sandbox("cancelling kills the command") { sandbox in
        let command = Command(["sh", "-c", "echo $$ > pid; exec sleep 1000"])
        let call = try await sandbox.begin("exec", SandboxCall(command: command))
        try await sandbox.eventually("test -s pid")
        call.cancel()
        let code = try await SandboxUnderTest.code("it") { _ = try await call.result() }
        try expect(code == .cancelled, "it ended with `\(code)`")
        try await sandbox.eventually("! kill -0 $(cat pid)")
      },
      runtime.sandbox("a child that lives on does not hold its command up") { sandbox in
        let ran = try await sandbox.shell("echo first; (sleep 1000 & echo $! > pid); echo last")
        try expect(ran.text == "first\nlast\n" && ran.status.isSuccess, "`\(ran.text)`, it \(ran.status.ending)")
        try expect(try await sandbox.shell("kill -0 $(cat pid)").status.isSuccess, "the child does not live on")
      },
      runtime.sandbox("kill_all ends what commands left behind, and only that") { sandbox in
        _ = try await sandbox.shell("(setsid sleep 1000 > /dev/null 2>&1 & echo $! > pid)")
        try await sandbox.call("kill_all")
        try await sandbox.eventually("! kill -0 $(cat pid)")
        try await sandbox.call("kill_all")
        let ran = try await sandbox.shell("echo on")
        try expect(ran.text == "on\n", "`\(ran.text)`")
      },
      runtime.sandbox("sixteen commands run at once") { sandbox in
        // All of them wait for the last one.
        let line = "touch at-$0; while [ $(ls | grep -c ^at-) -lt 16 ]; do sleep 0.02; done; echo $0"
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<16 {
            group.addTask {
              let ran = try await sandbox.run(Command(["sh", "-c", line, "\(number)"], timeout: .seconds(30)))
              try expect(ran.text == "\(number)\n", "number \(number) \(ran.status.ending): `\(ran.text)`")
            }
          }
          try await group.waitForAll()
        }
      },
    ]
  }
}
