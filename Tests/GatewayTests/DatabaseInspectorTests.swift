import KeystoneKit
import Testing

@testable import KeystoneGateway

/// What the gateway reads in the languages of databases.
@Suite struct DatabaseInspectorTests {
  private static func writes(_ text: String) -> [String] {
    (WriteFinder(Array(text.utf8))?.writes ?? []).map { write in
      "\(write.operation) \(write.schema.map { "\($0)." } ?? "")\(write.table)"
    }
  }

  @Test(arguments: [
    ("INSERT INTO a VALUES (1)", ["INSERT a"]), ("insert into A values (1)", ["INSERT a"]),
    ("UPDATE \"A b\".\"C\" SET x = 1", ["UPDATE A b.C"]), ("DELETE FROM s.t WHERE x = 'INSERT INTO u'", ["DELETE s.t"]),
    ("MERGE INTO m USING s ON true WHEN MATCHED THEN DELETE", ["MERGE m"]),
    ("TRUNCATE a, s.b", ["TRUNCATE a", "TRUNCATE s.b"]),
    ("COPY a FROM STDIN", ["COPY a"]), ("COPY a TO STDOUT", []),
    ("COPY (DELETE FROM a RETURNING *) TO STDOUT", ["DELETE a"]),
    ("WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d", ["INSERT b", "DELETE a"]),
    ("SELECT 1; UPDATE a SET x = 1; SELECT 2", ["UPDATE a"]), ("SELECT * INTO a FROM b", ["SELECT INTO a"]),
    ("CREATE TABLE a AS SELECT * FROM b", ["CREATE a"]), ("CREATE TEMP TABLE a (i int)", []),
    ("CREATE INDEX ON a (i)", ["CREATE INDEX a"]), ("DROP TABLE s.a, b", ["DROP s.a", "DROP b"]),
    ("ALTER TABLE a ADD x int", ["ALTER a"]), ("ALTER TABLE a RENAME TO b", ["RENAME a"]),
    ("EXPLAIN ANALYZE DELETE FROM a", ["DELETE a"]), ("EXPLAIN DELETE FROM a", []),
    ("SELECT * FROM a FOR UPDATE", []), ("BEGIN; LOCK a; COMMIT", []), ("DROP SCHEMA s", ["DROP SCHEMA (schema s)"]),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'", ["CREATE FUNCTION (create function)"]),
    ("/* DELETE FROM a */ SELECT 'x' -- UPDATE", []), ("no sql at all", []),
  ])
  func statementsTellTheTablesTheyWrite(_ text: String, _ expected: [String]) {
    #expect(Set(Self.writes(text)) == Set(expected))
  }

  private static func message(_ type: Character, _ body: String) -> [UInt8] {
    let bytes = Array(body.utf8)
    return [type.asciiValue ?? 0] + integer(bytes.count + 4) + bytes
  }

  private static func integer(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  private static let startup = integer(16) + integer(196_608) + Array("user\0a\0\0".utf8)

  /// Everything a session sends, whatever the sizes of the pieces in which it arrives.
  private static func session(_ bytes: [UInt8], pieces size: Int) throws -> (
    forward: [UInt8], reply: [UInt8], events: [String]
  ) {
    var inspector = PostgresInspector()
    var result: (forward: [UInt8], reply: [UInt8], events: [String]) = ([], [], [])
    for start in stride(from: 0, to: bytes.count, by: size) {
      let (forward, reply) = try inspector.client(Array(bytes[start..<min(bytes.count, start + size)]))
      result.forward += forward
      result.reply += reply
      result.events += inspector.takeEvents().map {
        "\($0.data["operation"]?.string ?? "") \($0.data["table"]?.string ?? "")"
      }
    }
    return result
  }

  @Test(arguments: [1, 3, 5, 7, 64, 100_000]) func sessionsAreReadInPiecesOfAnySize(_ size: Int) throws {
    let tls = Self.integer(8) + Self.integer(80_877_103)
    let simple = Self.message("Q", "INSERT INTO a VALUES (1); SELECT 1\0")
    let extended =
      Self.message("P", "s1\0UPDATE b SET x = $1\0\0\0") + Self.message("B", "p1\0s1\0\0\0\0\0\0\0")
      + Self.message("E", "p1\0\0\0\0\0") + Self.message("E", "p1\0\0\0\0\0") + Self.message("C", "Ss1\0")
      + Self.message("S", "")
    let copy =
      Self.message("Q", "COPY c FROM STDIN\0") + Self.message("d", "QUERY DELETE FROM d") + Self.message("c", "")
    let sql =
      Self.message("Q", "PREPARE q AS DELETE FROM e\0") + Self.message("Q", "EXECUTE q\0")
      + Self.message("Q", "CREATE TEMP TABLE f (i int); INSERT INTO f VALUES (1)\0") + Self.message("X", "")
    let all = Self.startup + simple + extended + copy + sql
    let found = try Self.session(tls + all, pieces: size)
    #expect(found.reply == Array("N".utf8), "encryption is declined")
    #expect(found.forward == all, "everything else is handed on unchanged")
    #expect(found.events == ["INSERT a", "UPDATE b", "UPDATE b", "COPY c", "DELETE e"])
  }

  @Test func longStatementsAreReadUpToAMebibyteAndHandedOnBeyond() throws {
    let long = String(repeating: " ", count: 1_000_000)
    let read = Self.startup + Self.message("Q", "INSERT INTO a\(long)VALUES (1)\0")
    #expect(try Self.session(read, pieces: 64 << 10).events == ["INSERT a"])
    let values = String(repeating: "('0123456789'),", count: 700_000) + "('x')"
    let bytes =
      Self.startup + Self.message("Q", "INSERT INTO a VALUES \(values)\0") + Self.message("Q", "DELETE FROM b\0")
    let found = try Self.session(bytes, pieces: 64 << 10)
    #expect(found.forward == bytes && found.events == ["DELETE b"])
  }

  @Test func messagesThatAreNoneEndTheConnection() {
    let short = Self.startup + [UInt8(ascii: "Q")] + Self.integer(3)
    #expect(throws: Denial.self) { try Self.session(short, pieces: 10) }
    #expect(throws: Denial.self) { try Self.session(Self.startup + [UInt8](repeating: 0xff, count: 64), pieces: 64) }
  }

  @Test func halfAMessageIsHandedOnAndSaysNothing() throws {
    let half = Self.startup + Self.message("Q", "DELETE FROM a\0").dropLast(3)
    let found = try Self.session(half, pieces: 8)
    #expect(found.forward == half && found.events.isEmpty)
  }

  @Test(arguments: [1, 2, 9, 1000]) func commandsOfRedisAreReadInPiecesOfAnySize(_ size: Int) throws {
    let text =
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n$9\r\n*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\nPING\r\n*1\r\n$4\r\nquit\r\n"
    let bytes = Array(text.utf8)
    var inspector = RedisInspector()
    var (forward, events): ([UInt8], [String]) = ([], [])
    for start in stride(from: 0, to: bytes.count, by: size) {
      forward += try inspector.client(Array(bytes[start..<min(bytes.count, start + size)])).forward
      events += inspector.takeEvents().map { "\($0.data["command"]?.string ?? "") \($0.data["key"]?.string ?? "")" }
    }
    #expect(forward == bytes)
    #expect(events == ["SET a", "AUTH ", "PING ", "QUIT "])
  }

  @Test func languagesAreToldApartByTheirFirstBytes() {
    #expect(PostgresInspector.recognizes(Self.startup) == true && RedisInspector.recognizes(Self.startup) == false)
    #expect(
      PostgresInspector.recognizes([0, 0]) == nil && PostgresInspector.recognizes(Array("GET / HTTP".utf8)) == false)
    #expect(
      RedisInspector.recognizes(Array("*1\r\n".utf8)) == true && RedisInspector.recognizes(Array("*".utf8)) == nil)
    #expect(RedisInspector.recognizes(Array("GET / HTTP".utf8)) == false)
  }
}
