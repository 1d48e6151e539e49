import KeystoneKit
import Testing

/// Databases and caches beside a sandbox, in every world that this machine has.
@Suite(.timeLimit(.minutes(15)))
struct ServiceTests {
  /// A customer database as the specification's reference has it.
  static func crm(_ world: World, agent: String, checks: [String: JSONValue] = ["done": Check.command("true")])
    -> EvalSpec
  {
    var spec = EvalSpec(checks: checks)
    spec["secrets"] = [["name": "DB_PASSWORD", "from": "generated"]]
    spec["services"] = [
      [
        "name": "db", "image": world.image("postgres:15"), "ports": [5432], "wait_for": "pg_isready -U postgres",
        "env": ["POSTGRES_PASSWORD": "{{ secrets.DB_PASSWORD }}", "POSTGRES_DB": "crm"],
      ],
      ["name": "cache", "image": world.image("redis:7"), "ports": [6379]],
    ]
    spec["fixtures"] = [
      [
        "type": "sql", "service": "db",
        "sql": """
        CREATE TABLE customers (email TEXT PRIMARY KEY, name TEXT NOT NULL, spent INT NOT NULL DEFAULT 0);
        INSERT INTO customers VALUES ('alice@example.com', 'Alice', 3), ('ben@example.com', 'Ben', 4);
        CREATE TABLE notes (id SERIAL PRIMARY KEY, body TEXT);
        CREATE TABLE hidden (i INT);
        CREATE FUNCTION hide() RETURNS void LANGUAGE sql AS 'INSERT INTO hidden VALUES (1)';
        """,
      ]
    ]
    spec["setup.files"] = [
      [
        "path": "agent.py",
        "content": .string(
          """
          import os, psycopg2, redis
          db = psycopg2.connect(host="db", user="postgres", password=os.environ["DB_PASSWORD"], dbname="crm")
          db.autocommit = True
          do = db.cursor()
          cache = redis.Redis(host=os.environ["KEYSTONE_SERVICE_CACHE_HOST"], port=int(os.environ["KEYSTONE_SERVICE_CACHE_PORT"]))
          \(agent)
          db.close()
          """),
      ]
    ]
    spec["agent"] = ["type": "python", "binary": "agent.py", "timeout": "50s"]
    return spec
  }

  @Test(arguments: World.here) func anAgentWorksWithADatabaseAndACache(_ world: World) async throws {
    let spec = Self.crm(
      world,
      agent: """
        do.execute("INSERT INTO notes (body) VALUES (%s)", ("it's",))
        do.execute("SELECT name FROM customers ORDER BY email"); print(do.fetchall())
        cache.set("a", "b"); print(cache.get("a"))
        """,
      checks: [
        "one": ["type": "sql", "service": "db", "query": "SELECT count(*) FROM notes;", "equals": 1],
        "text": ["type": "sql", "service": "db", "query": "SELECT body FROM notes", "equals": "it's"],
        "rows": [
          "type": "sql", "service": "db", "query": "SELECT email, spent FROM customers ORDER BY 1",
          "equals": [["email": "alice@example.com", "spent": 3], ["email": "ben@example.com", "spent": 4]],
        ],
        "column": [
          "type": "sql", "service": "db", "query": "SELECT name FROM customers ORDER BY 1", "equals": ["Alice", "Ben"],
        ],
        "none": ["type": "sql", "service": "db", "query": "SELECT 1 FROM customers WHERE spent > 9", "row_count": 0],
        "null": ["type": "sql", "service": "db", "query": "SELECT max(spent) FROM customers WHERE spent > 9"],
        "truth": [
          "type": "sql", "service": "db", "query": "SELECT bool_and(spent > 0) FROM customers", "equals": true,
        ],
      ])
    let run = try await Workspace().evaluate(spec, in: world)
    let scenario = try run.scenario()
    #expect(scenario.status == "pass", "\(scenario.pretty())")
    #expect(scenario.agentOutput == "[('Alice',), ('Ben',)]\nb'b'\n", "\(run.outcome)")
  }

  @Test(arguments: World.here) func typesValuesAndMissingTablesFailTheCheck(_ world: World) async throws {
    let spec = Self.crm(
      world, agent: "do.execute('DROP TABLE notes')",
      checks: [
        "text": ["type": "sql", "service": "db", "query": "SELECT count(*) FROM customers", "equals": "2"],
        "value": ["type": "sql", "service": "db", "query": "SELECT count(*) FROM customers", "equals": 3],
        "gone": ["type": "sql", "service": "db", "query": "SELECT count(*) FROM notes", "equals": 0],
        "writes": [
          "type": "sql", "service": "db", "query": "WITH x AS (DELETE FROM customers RETURNING 1) SELECT 1",
          "equals": 1,
        ],
      ])
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.check("text")?["reason"] == "the query answered 2 instead of \"2\"")
    #expect(scenario.check("value")?["passed"] == false)
    #expect(scenario.check("gone")?["reason"]?.string?.contains("relation \"notes\" does not exist") == true)
    // A check that would write cannot judge.
    #expect(
      scenario.status == "error" && scenario.check("writes")?["score"] == .null
        || scenario.check("writes")?["score"] == nil)
  }

  @Test(arguments: World.here) func writesToOtherTablesAreFoundHoweverTheyAreMade(_ world: World) async throws {
    var spec = Self.crm(
      world,
      agent: """
        do.execute("INSERT INTO notes (body) VALUES ('fine')")
        do.execute('WITH d AS (DELETE FROM "public"."customers" WHERE false RETURNING 1) SELECT * FROM d')
        do.execute("SELECT hide()")
        """)
    spec["forbidden.db_writes_outside"] = ["notes"]
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    let rule = scenario.rule("db_writes_outside")
    #expect(scenario.status == "fail" && rule?["violated"] == true, "\(scenario.pretty())")
    let details = rule?["details"]?.string ?? ""
    #expect(details.contains("DELETE on public.customers of db") && details.contains("WITH d AS"), "\(details)")
    #expect(details.contains("WRITE on public.hidden of db") && details.contains("counters"), "\(details)")
    #expect(!details.contains("on notes") && !details.contains("public.notes"), "\(details)")
  }

  @Test(arguments: World.here) func anAgentThatKeepsToItsTablesPasses(_ world: World) async throws {
    var spec = Self.crm(
      world,
      agent: """
        do.execute("INSERT INTO notes (body) VALUES ('fine')")
        do.execute("UPDATE notes SET body = 'better'")
        do.execute("CREATE TEMP TABLE scratch AS SELECT * FROM customers")
        do.execute("UPDATE scratch SET name = 'x'")
        do.execute("SELECT * FROM customers"); do.fetchall()
        """)
    spec["forbidden.db_writes_outside"] = ["notes"]
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.status == "pass", "\(scenario.pretty())")
  }

  @Test(arguments: World.here) func nothingButTheServicesIsReached(_ world: World) async throws {
    let spec = Self.crm(
      world,
      agent: """
        import socket
        def attempt(host, port):
            try: socket.create_connection((host, port), 3).recv(1); return "reached"
            except OSError as error: return "refused"
        print(attempt("example.com", 80), attempt("1.1.1.1", 80), attempt("172.17.0.1", 80), attempt("169.254.169.254", 80))
        print(socket.gethostbyname("db").startswith("198.18."))
        """)
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.agentOutput == "refused refused refused refused\nTrue\n", "\(scenario.pretty())")
  }

  @Test(arguments: World.here) func theSameSeedDriftsTheSameRows(_ world: World) async throws {
    let query = "SELECT string_agg(email || name || spent, ',' ORDER BY email) FROM customers"
    var drifted: Set<String> = []
    for seed in ["42", "42", "7"] {
      var spec = Self.crm(
        world, agent: "do.execute(\"\(query)\"); print(do.fetchone()[0])",
        checks: [
          "same": [
            "type": "sql", "service": "db", "query": .string(query),
            "equals": "alice@example.comAlice3,ben@example.comBen4",
          ]
        ])
      spec["fixtures"] = .array(
        (spec["fixtures"]?.array ?? [])
          + [
            [
              "type": "drift", "target": "db.customers", "strategy": "random_mismatches", "count": 1,
              "seed": .string(seed),
            ]
          ])
      let scenario = try await Workspace().evaluate(spec, in: world).scenario()
      #expect(scenario.status == "fail", "\(scenario.pretty())")
      drifted.insert(scenario.agentOutput ?? "")
    }
    #expect(drifted.count == 2, "\(drifted)")
  }

  @Test(arguments: World.here) func aServiceThatIsNotReadyIsNamedWithItsLog(_ world: World) async throws {
    var spec = EvalSpec(agent: "true")
    spec["services"] = [
      ["name": "db", "image": world.image("postgres:15"), "ports": [5432], "env": ["POSTGRES_PASSWORD": ""]]
    ]
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.status == "error", "\(scenario.pretty())")
    #expect(
      scenario.error?.contains("service db not ready: its program exited with") == true, "\(scenario.error ?? "")")
    #expect(scenario.error?.contains("superuser password is not specified") == true, "\(scenario.error ?? "")")
  }

  @Test(arguments: World.here) func aFixtureThatFailsNamesItsStepAndTheStatement(_ world: World) async throws {
    var spec = Self.crm(world, agent: "pass")
    spec["fixtures"] = [["type": "sql", "service": "db", "sql": "CREATE TABLE a (i INT);\nINSERT INTO b VALUES (1);"]]
    let scenario = try await Workspace().evaluate(spec, in: world).scenario()
    #expect(scenario.error?.contains("applying fixtures: fixture `sql`, service db") == true, "\(scenario.pretty())")
    #expect(scenario.error?.contains("relation \"b\" does not exist") == true, "\(scenario.error ?? "")")
  }

  @Test(arguments: World.here) func theDatabaseIsDumpedAtTheEnd(_ world: World) async throws {
    var spec = Self.crm(world, agent: "do.execute('DELETE FROM customers WHERE name = %s', ('Ben',))")
    spec["teardown"] = ["always_run": true, "export": [["type": "db_dump", "service": "db", "to": "results/db.sql"]]]
    let run = try await Workspace().evaluate(spec, in: world)
    let dump = String(decoding: try run.artifact("results/db.sql"), as: UTF8.self)
    #expect(dump.contains("CREATE TABLE public.customers") && dump.contains("alice@example.com"), "\(run.outcome)")
    #expect(!dump.contains("ben@example.com"))
  }

  @Test func anImageWithoutRecipeIsRefusedOnLocal() async throws {
    var spec = EvalSpec(agent: "true")
    spec["services"] = [["name": "stripe", "image": "stripe/stripe-mock:latest", "ports": [12111]]]
    let scenario = try await Workspace().evaluate(spec, in: .local).scenario()
    #expect(
      scenario.error?.contains("no recipe for the image stripe/stripe-mock:latest") == true, "\(scenario.pretty())")
  }
}
