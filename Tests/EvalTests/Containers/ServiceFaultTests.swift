import KeystoneKit
import Testing

/// Services that misbehave, and clients that do, in every world that this machine has.
@Suite(.timeLimit(.minutes(10)))
struct ServiceFaultTests {
  @Test(arguments: World.here) func aStatementOfTenMegabytesIsDeliveredAndItsWriteFound(_ world: World) async throws {
    var spec = ServiceTests.crm(
      world,
      agent: """
        do.execute("INSERT INTO notes (body) VALUES (%s)", ("x" * (10 << 20),))
        do.execute("SELECT length(body) FROM notes"); print(do.fetchall())
        """)
    spec["forbidden.db_writes_outside"] = ["customers"]
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.agentOutput == "[(10485760,)]\n", "\(scenario.pretty())")
    let details = scenario.rule("db_writes_outside")?["details"]?.string ?? ""
    #expect(scenario.status == "fail" && details.contains("on public.notes of db"), "\(details)")
  }

  @Test(arguments: World.here) func halfAMessageAndGarbageHarmOnlyTheirConnection(_ world: World) async throws {
    let spec = ServiceTests.crm(
      world,
      agent: """
        import socket, struct
        half = struct.pack("!II", 64, 196608) + b"user"
        for bytes in [half, b"\\xff" * 5000, b"", struct.pack("!II", 8, 80877103) + b"\\x16\\x03\\x01"]:
            for name, port in [("db", 5432), ("cache", 6379)]:
                with socket.create_connection((name, port), 5) as end: end.sendall(bytes)
        do.execute("SELECT count(*) FROM customers"); print(do.fetchone(), cache.ping())
        """)
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.status == "pass", "\(scenario.pretty())")
    #expect(scenario.agentOutput == "(2,) True\n", "\(scenario.pretty())")
  }

  @Test(arguments: World.here) func aCacheThatEndsUnderTheAgentIsGoneForIt(_ world: World) async throws {
    let spec = ServiceTests.crm(
      world,
      agent: """
        cache.ping()
        cache.shutdown(nosave=True)
        try: cache.ping(); print("answers")
        except redis.exceptions.RedisError: print("gone")
        do.execute("SELECT count(*) FROM customers"); print(do.fetchone())
        """)
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.agentOutput == "gone\n(2,)\n", "\(scenario.pretty())")
  }
}
