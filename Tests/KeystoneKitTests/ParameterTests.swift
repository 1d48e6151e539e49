import KeystoneKit
import Testing

private enum Mode: String, CaseIterable, ParameterValue {
  case deny, allow
}

private struct Retry: ParameterSet {
  @Parameter("How often.", range: 1...5) var times = 3
  @Parameter("Pause between two.") var pause: Seconds = 1.5
}

private struct Lines: ParameterSet {
  @Parameter("File to read, relative to the workspace.", examples: ["a.txt"]) var path: String
  @Parameter("Largest number of lines.", range: 1...) var max = 100
  @Parameter("Text that must not be there.") var notContains: String?
  @Parameter("Share of lines.", range: 0...1) var share: Double?
  @Parameter("What to do.") var mode = Mode.deny
  @Parameter("How to compare.", oneOf: ["exact", "loose"]) var comparison = "exact"
  @Parameter("When to try again.") var retry = Retry()
  @Parameter("More tries.") var steps: [Retry] = []
  @Parameter("Names of things.") var names: [String: Int] = [:]
  @Parameter("Anything.", name: "anything") var extra: JSONValue = nil
}

private struct Tables: ShorthandParameterSet {
  @Parameter("Tables that may be written.") var tables: [String]
  @Parameter("Whether to tell.") var quiet = false

  init() {}
  init(shorthand: [String]) { tables = shorthand }
}

@Suite struct ParameterTests {
  private func decode<T: Decodable>(_ type: T.Type, _ value: JSONValue) throws -> T {
    try JSONValueDecoder().decode(type, from: value)
  }

  @Test func missingMembersGetTheirDeclaredDefaults() throws {
    let lines = try decode(Lines.self, ["path": "a"])
    #expect(lines.path == "a")
    #expect(lines.max == 100)
    #expect(lines.notContains == nil)
    #expect(lines.mode == .deny)
    #expect(lines.retry.times == 3)
    #expect(lines.retry.pause == 1.5)
    #expect(lines.extra == .null)
  }

  @Test func givenMembersWinOverDefaults() throws {
    let lines = try decode(
      Lines.self,
      [
        "path": "a", "max": "7", "not_contains": "TODO", "share": 1, "mode": "allow", "comparison": "loose",
        "retry": ["pause": "1h30m"], "steps": [["times": 5], [:]], "names": ["x": 1], "anything": [1],
      ])
    #expect(lines.max == 7)
    #expect(lines.notContains == "TODO")
    #expect(lines.share == 1)
    #expect(lines.mode == .allow)
    #expect(lines.comparison == "loose")
    #expect(lines.retry.times == 3)
    #expect(lines.retry.pause == 5400)
    #expect(lines.steps.map(\.times) == [5, 3])
    #expect(lines.names == ["x": 1])
    #expect(lines.extra == [1])
  }

  @Test func everyProblemIsReportedWithItsPath() {
    let problems = Lines.problems(in: [
      "max": 0, "share": 1.5, "mode": "denny", "comparison": 1, "retry": ["times": "six", "puase": 1],
      "steps": [["times": 9], 5], "names": ["a b": true], "not_contain": "x",
    ])
    #expect(
      problems.map(\.description) == [
        "$.path: this parameter is required",
        "$.max: expected a value of at least 1, found 0",
        "$.share: expected a value from 0.0 to 1.0, found 1.5",
        "$.mode: expected one of deny, allow; did you mean 'deny'?",
        "$.comparison: expected a string, found an integer",
        "$.retry.times: expected an integer, found a string",
        "$.retry.puase: there is no parameter of this name; did you mean 'pause'?",
        "$.steps[0].times: expected a value from 1 to 5, found 9",
        "$.steps[1]: expected an object, found an integer",
        #"$.names["a b"]: expected an integer, found a boolean"#,
        "$.not_contain: there is no parameter of this name; did you mean 'not_contains'?",
      ])
  }

  @Test func decodingThrowsEveryProblemButIgnoresUnknownMembers() throws {
    let error = #expect(throws: ParameterError.self) { try decode([Lines].self, [["max": 0, "new": 1]]) }
    #expect(error?.problems.map(\.path) == ["$[0].path", "$[0].max"])
    #expect(try decode(Lines.self, ["path": "a", "new": 1]).path == "a")
  }

  @Test func theShortFormStandsForTheObject() throws {
    #expect(try decode(Tables.self, ["a", "b"]).tables == ["a", "b"])
    #expect(try decode(Tables.self, ["tables": ["a"], "quiet": true]).quiet)
    #expect(Tables.problems(in: "x").map(\.path) == ["$"])
    #expect(Tables.problems(in: [1]).map(\.path) == ["$[0]"])
    #expect(Tables.problems(in: [:]).map(\.path) == ["$.tables"])
  }

  @Test func theSchemaSaysWhatWasDeclared() {
    let schema = ParameterSchema.of(Lines.self)
    #expect(schema["type"] == "object")
    #expect(schema["additionalProperties"] == false)
    #expect(schema["required"] == ["path"])
    let members = schema["properties"]
    #expect(
      members?["path"] == [
        "type": "string", "description": "File to read, relative to the workspace.", "examples": ["a.txt"],
      ])
    #expect(
      members?["max"] == ["type": "integer", "description": "Largest number of lines.", "default": 100, "minimum": 1])
    #expect(members?["not_contains"]?["type"] == ["string", "null"])
    #expect(members?["share"]?["maximum"] == 1)
    #expect(members?["mode"]?["enum"] == ["deny", "allow"])
    #expect(members?["mode"]?["default"] == "deny")
    #expect(members?["comparison"]?["enum"] == ["exact", "loose"])
    #expect(members?["retry"]?["default"] == ["times": 3, "pause": 1.5])
    #expect(members?["steps"]?["items"]?["properties"]?["times"]?["maximum"] == 5)
    #expect(members?["names"]?["additionalProperties"] == ["type": "integer"])
    #expect(members?["anything"] == ["description": "Anything."])
    #expect(ParameterSchema.of(Tables.self)["oneOf"]?.array?.map { $0["type"] } == ["array", "object"])
  }
}
