import Glibc
import KeystoneKit
import Testing

/// What an agent finds around it: its own world, and nothing of the machine's.
@Suite(.timeLimit(.minutes(15)))
struct EnvironmentTests {
  /// Runs commands in a sandbox, one check each, and expects all of them to pass.
  func expect(
    _ commands: [String: String], in workspace: Workspace? = nil, environment: [String: String] = [:]
  ) async throws {
    let workspace = try workspace ?? Workspace()
    let run = try await workspace.evaluate(
      EvalSpec(agent: "true", checks: commands.mapValues { Check.command($0) }), environment: environment)
    for name in commands.keys.sorted() {
      let check = try run.scenario().check(name)
      #expect(check?["passed"] == true, "\(name): \(check?["reason"]?.string ?? "\(run.outcome)")")
    }
  }

  @Test func theEnvironmentIsEmptyButForWhatIsDocumented() async throws {
    var spec = EvalSpec()
    spec["agent"] = ["type": "cli", "binary": "env", "model": "m", "env": ["MINE": "1"]]
    spec["setup.env"] = ["SET": "up"]
    spec["secrets"] = [["name": "TOKEN", "from": "static://x-y-z-secret"]]
    spec["parallelism.matrix"] = [["k": "v"]]
    let run = try await Workspace().evaluate(
      spec, environment: ["OF_THE_HOST": "1", "LD_PRELOAD": "", "SSH_AUTH_SOCK": "/tmp/x"])
    let lines = try #require(try run.scenario().agentOutput).split(separator: "\n")
    let names = Set(lines.compactMap { $0.split(separator: "=").first.map(String.init) })
    #expect(
      names == [
        "PATH", "HOME", "USER", "LANG", "TZ", "KEYSTONE_SANDBOX_ID", "KEYSTONE_SCENARIO_ID", "KEYSTONE_SPEC_ID",
        "KEYSTONE_SEED", "KEYSTONE_REPLICA", "KEYSTONE_WORKSPACE", "KEYSTONE_PARAM_K", "KEYSTONE_AGENT_MODEL", "SET",
        "KEYSTONE_BASE_URL", "KEYSTONE_API_KEY", "MINE", "TOKEN",
      ], "\(lines)")
    #expect(lines.contains("KEYSTONE_WORKSPACE=/workspace") && lines.contains("TOKEN=[secret TOKEN]"))
  }

  @Test func theMachineIsNotToBeSeen() async throws {
    try await expect([
      "cwd": "test \"$(pwd)\" = /workspace && test -w .", "shadow": "! test -e /etc/shadow && ! cat /etc/shadow",
      "root": "test -z \"$(ls -A /root 2>/dev/null)\"", "home": "test -d \"$HOME\" && test -w \"$HOME\"",
      "sockets": "test -z \"$(find / -xdev -type s -not -path '/proc/*' 2>/dev/null)\"",
      "run": "! ls /run/systemd /run/dbus /run/docker.sock /var/run/docker.sock 2>/dev/null",
      "data": "! test -e '\(try Workspace().path)' && test -z \"$(ls -A /tmp)\"",
      "processes": "test $(ls -d /proc/[0-9]* | wc -l) -lt 12", "host_name": "test \"$(hostname)\" = keystone",
      "devices": "! ls /dev/vd* /dev/sd* /dev/mem /dev/kmsg /dev/fuse 2>/dev/null", "ssh": "! ls /etc/ssh 2>/dev/null",
      "keys": "! ls /etc/ssl/private 2>/dev/null", "writable_system": "! touch /usr/x /etc/x /x /run/x 2>/dev/null",
      "temporary": "touch /tmp/x /var/tmp/x /dev/shm/x", "parents": "test \"$(realpath /workspace/../..)\" = /",
      "environments": "! cat /proc/1/environ 2>/dev/null | grep -q KEYSTONE_DATA_DIR",
    ])
  }

  @Test func theAgentHasNoPowers() async throws {
    try await expect([
      "uid": "test $(id -u) != 0 && test $(id -g) != 0 && test \"$(id -G)\" = \"$(id -g)\"",
      "capabilities": "grep -q '^CapEff:.0*$' /proc/self/status && grep -q '^CapPrm:.0*$' /proc/self/status",
      "bounding": "! unshare -m true 2>/dev/null || ! unshare -Ur mount -t tmpfs x /usr 2>/dev/null",
      "new_privileges": "grep -q '^NoNewPrivs:.1' /proc/self/status", "mount": "! mount -t tmpfs x /tmp 2>/dev/null",
      "su": "! su -c true 2>/dev/null", "chown": "touch f && ! chown 0 f 2>/dev/null",
      "descriptors": "test \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 '",
      "kill": "! kill -9 1 2>/dev/null || test -d /proc/1",
    ])
  }

  @Test func onTheMachineItselfTheAgentIsNobodySpecial() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    let workspace = try Workspace()
    try workspace.write(EvalSpec(agent: "python3 -c 'import time; time.sleep(1000)' \(marker)"))
    let process = try await workspace.start(["eval", "run", "spec.yaml"])
    #expect(try await eventually(within: .seconds(30)) { !Leftovers.processes(withArgument: marker).isEmpty })
    for pid in Leftovers.processes(withArgument: marker) {
      let status = String(decoding: FileBytes.read("/proc/\(pid)/status") ?? [], as: UTF8.self)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Uid:") })
      let users = line.split(separator: "\t").dropFirst().map(String.init)
      #expect(getuid() == 0 ? !users.contains("0") : users.allSatisfy { $0 == "\(getuid())" }, "\(line)")
    }
    process.send(SIGINT)
    #expect(await process.outcome().exitCode == 130)
  }

  @Test func thereIsNoNetworkButLoopback() async throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, address, &length) == 0
      }
    }
    try #require(isListening)
    let connect = "python3 -c \"import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\""
    // Every address leads to the gateway, which may take a connection before it refuses it: nothing is said on it.
    let hear =
      "python3 -c \"import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2); s.sendall(b'x'); sys.exit(not s.recv(1))\""
    try await expect([
      "interfaces": "test \"$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')\" = lo",
      "routes": "test $(wc -l </proc/net/route) = 1",
      "host": "! \(connect) 127.0.0.1 \(UInt16(bigEndian: address.sin_port)) 2>/dev/null",
      "outside": "! \(hear) 1.1.1.1 53 2>/dev/null", "names": "! getent hosts example.com",
      "localhost": "getent hosts localhost", "abstract": "! grep -q @ /proc/net/unix",
      "own":
        "python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())\"",
    ])
  }

  @Test func twoSandboxesShareNothing() async throws {
    var spec = EvalSpec(
      agent:
        "echo $KEYSTONE_REPLICA >>mine; echo x >>/tmp/x; echo x >>$HOME/x; echo x >>/dev/shm/x; cat mine /tmp/x $HOME/x | wc -l"
    )
    spec["parallelism.replicas"] = 4
    let run = try await Workspace().evaluate(spec, ["--concurrency", "4"])
    #expect(run.scenarios.map(\.agentOutput) == Array(repeating: "3\n", count: 4), "\(run.outcome)")
    let ids = Set(run.scenarios.compactMap { $0["sandbox_id"]?.string })
    #expect(ids.count == 4)
  }

  @Test func theResultSaysWhatTheSandboxReallyHad() async throws {
    let run = try await Workspace().evaluate(EvalSpec())
    let environment = try #require(try run.scenario()["environment"])
    #expect(environment["runtime"] == "local" && environment["isolation"] == "namespaces", "\(environment.pretty())")
    #expect(environment["base"] == "ignored" && environment["warnings"] == [])
    let limits = environment["limits"]
    #expect(limits?["timeout"] == "enforced" && limits?["processes"] == "enforced" && limits?["memory"] != "none")
  }

  @Test func withoutBubblewrapItWarnsAndSaysSoInTheResult() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    var spec = EvalSpec(
      agent:
        "test \"$PWD\" = \"$KEYSTONE_WORKSPACE\" && (setsid sh -c 'while :; do sleep 1; done' \(marker) >/dev/null 2>&1 &); id -u; echo x >f",
      checks: ["there": Check.exists("f"), "cwd": Check.command("test \"$PWD\" = \"$KEYSTONE_WORKSPACE\"")])
    spec["forbidden"] = ["file_writes_outside": ["f"]]
    let run = try await Workspace().evaluate(spec, ["-local-isolation", "none"])
    let scenario = try run.scenario()
    #expect(run.exitCode == 0 && scenario["environment"]?["isolation"] == "none", "\(run.outcome)")
    #expect(scenario["environment"]?["warnings"]?.array?.isEmpty == false)
    #expect(run.outcome.stderr.contains("warning"), "\(run.outcome)")
    let warnings = scenario["environment"]?["warnings"]?.text ?? ""
    #expect(scenario.agentOutput != "0\n" || warnings.contains("run as root"), "\(run.outcome)")
    #expect(Leftovers.processes(withArgument: marker).isEmpty)
  }
}
