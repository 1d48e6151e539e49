import KeystoneKit
import Testing

@testable import KeystoneSpec

/// One case per keyword that parameter schemas may use, accepted and refused.
@Suite struct SchemaKeywordTests {
  @Test(
    arguments: [
      (["type": "string"], "a", 1), (["type": ["string", "null"]], nil, 1), (["type": "number"], 1, "1"),
      (["type": "integer"], 1.0, 1.5), (["type": "boolean"], true, 1), (["type": "array"], [], [:]),
      (["type": "object"], [:], []), (["const": 1], 1.0, 2), (["const": ["a": 1]], ["a": 1], ["a": 2]),
      (["enum": ["a", nil]], nil, "b"), (["minimum": 1], 1, 0.5), (["maximum": 1], 1, 1.5),
      (["exclusiveMinimum": 1], 1.5, 1), (["exclusiveMaximum": 1], 0, 1), (["minLength": 2], "ab", "a"),
      (["maxLength": 2], "éé", "abc"), (["minItems": 1], [1], []), (["maxItems": 1], [1], [1, 2]),
      (["items": ["type": "string"]], ["a"], [1]), (["minProperties": 1], ["a": 1], [:]),
      (["maxProperties": 1], ["a": 1], ["a": 1, "b": 2]), (["required": ["a"]], ["a": nil], ["b": 1]),
      (["properties": ["a": ["type": "string"]]], ["a": "x"], ["a": 1]),
      (["properties": ["a": [:]], "additionalProperties": false], ["a": 1], ["b": 1]),
      (["additionalProperties": ["type": "string"]], ["a": "x"], ["a": 1]),
      (["propertyNames": ["format": "environment-name"]], ["A_1": 1], ["a b": 1]),
      (["dependentRequired": ["a": ["b"]]], ["a": 1, "b": 1], ["a": 1]),
      (["allOf": [["type": "number"], ["minimum": 2]]], 2, 1),
      (["anyOf": [["type": "string"], ["minimum": 2]]], "x", 1),
      (["oneOf": [["minimum": 2], ["maximum": 1]]], 2, 1.5), (["oneOf": [["minimum": 1], ["maximum": 2]]], 3, 1.5),
      (["format": "duration"], "5m", "soon"), (["format": "duration"], 5, -5), (["format": "size"], "4Gi", "4 gigs"),
      (["format": "cpu"], "100m", "all"), (["format": "timestamp"], "2026-01-01T00:00:00Z", "2026-01-01"),
      (["format": "workspace-path"], "a/b", "../b"), (["format": "identifier"], "a-b", "a/b"),
    ] as [(JSONValue, JSONValue, JSONValue)])
  func keywordsAcceptAndRefuse(_ schema: JSONValue, _ good: JSONValue, _ bad: JSONValue) {
    #expect(problems(in: good, schema).isEmpty, "\(problems(in: good, schema))")
    #expect(problems(in: bad, schema).count == 1, "\(problems(in: bad, schema))")
  }

  @Test(arguments: [["pattern": "^a$"], ["format": "uri"], ["x-unknown": 1], [:], true] as [JSONValue])
  func unknownKeywordsAreLeftToThePlugin(_ schema: JSONValue) {
    #expect(problems(in: "b", schema).isEmpty)
  }

  @Test func aConstantChoosesTheAlternative() {
    let schema: JSONValue = [
      "oneOf": [
        ["properties": ["kind": ["const": "a"], "x": ["type": "integer"]], "required": ["kind"]],
        ["properties": ["kind": ["const": "b"], "y": ["type": "integer"]], "required": ["kind", "y"]],
      ]
    ]
    #expect(problems(in: ["kind": "a", "x": 1], schema).isEmpty)
    #expect(problems(in: ["kind": "a", "x": "1"], schema).map(\.path) == ["$.value.x"])
    #expect(problems(in: ["kind": "b"], schema).map(\.message) == ["`value` lacks `y`"])
  }

  private func problems(in value: JSONValue, _ schema: JSONValue) -> [ParameterDiagnostic] {
    let type = TypeSchema(
      point: .invariant, type: "t", description: "A type.",
      parameters: ["properties": ["value": schema], "required": ["value"]], plugin: "p")
    return SpecSchema(types: [type]).problems(in: ["value": value], of: .invariant, type: "t")
  }
}
