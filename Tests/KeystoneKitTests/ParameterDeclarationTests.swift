import KeystoneKit
import Testing

private struct Limits: ParameterSet {
  @Parameter("Required.") var count: Int
  @Parameter("Longest wait.", range: 1...60) var wait: Seconds = 10
}

private struct Holder: ParameterSet {
  // The default lacks a required member, so it cannot stand for a missing one.
  @Parameter("Incomplete default.") var limits = Limits()
  @Parameter("Not more than this.", range: ...10) var most: Int? = 5
  @Parameter("Home page.") var baseURL = ""
}

private struct Tree: ParameterSet {
  @Parameter("Name.") var name: String
  @Parameter("What is below.") var children: [Tree] = []
}

private struct Forgetful: ShorthandParameterSet {
  @Parameter("First.") var first: String
  @Parameter("Second.") var second: String

  init() {}
  init(shorthand: String) { first = shorthand }
}

private enum Action: String, CaseIterable, ParameterValue { case deny, allow }

private struct Secrets: ShorthandParameterSet {
  @Parameter("What to do.") var action: Action

  init() {}
  init(shorthand: Action) { action = shorthand }
}

private struct Rules: ParameterSet {
  @Parameter("In short or not.") var secrets: Secrets?
  @Parameter("Choice.") var action: Action?
}

private struct Renamed: ParameterSet {
  enum CodingKeys: String, CodingKey { case inputFrom = "input_from" }
  @Parameter("Where from.") var inputFrom = "output"
}

@Suite struct ParameterDeclarationTests {
  private func decode<T: Decodable>(_ type: T.Type, _ value: JSONValue) throws -> T {
    try JSONValueDecoder().decode(type, from: value)
  }

  @Test func aDefaultThatLacksRequiredMembersIsNone() throws {
    #expect(Holder.problems(in: [:]).map(\.path) == ["$.limits"])
    #expect(Holder.problems(in: ["limits": [:]]).map(\.path) == ["$.limits.count"])
    #expect(ParameterSchema.of(Holder.self)["required"] == ["limits"])
    #expect(try decode(Holder.self, ["limits": ["count": 1]]).limits.wait == 10)
  }

  @Test func nullIsNoValueForAnOptionalOnly() throws {
    #expect(try decode(Holder.self, ["limits": ["count": 1], "most": nil]).most == nil)
    #expect(try decode(Holder.self, ["limits": ["count": 1]]).most == 5)
    #expect(Limits.problems(in: ["count": nil]).map(\.description) == ["$.count: expected an integer, found null"])
  }

  @Test func rangesHoldForOptionalsAndTimes() {
    let limits: JSONValue = ["count": 1, "wait": "2m"]
    #expect(
      Holder.problems(in: ["limits": limits, "most": 11]).map(\.description) == [
        #"$.limits.wait: expected a value from 1s to 1m"#, "$.most: expected a value of at most 10, found 11",
      ])
  }

  @Test func namesAreInSnakeCaseInSpecs() throws {
    #expect(ParameterSchema.of(Holder.self)["properties"]?["base_url"]?["default"] == "")
    #expect(try decode(Holder.self, ["limits": ["count": 1], "base_url": "x"]).baseURL == "x")
    #expect(try decode(Renamed.self, ["input_from": "x"]).inputFrom == "x")
    #expect(try decode(Renamed.self, [:]).inputFrom == "output")
  }

  @Test func aSetMayContainItself() throws {
    let children = ParameterSchema.of(Tree.self)["properties"]?["children"]
    #expect(children?["items"] == ["type": "object"])
    let tree = try decode(Tree.self, ["name": "a", "children": [["name": "b", "children": [["name": "c"]]]]])
    #expect(tree.children[0].children[0].name == "c")
    #expect(
      Tree.problems(in: ["name": "a", "children": [["name": "b", "children": [[:]]]]]).map(\.path)
        == ["$.children[0].children[0].name"])
  }

  @Test func aShortFormThatForgetsAMemberIsAnErrorAndNotATrap() {
    let error = #expect(throws: ParameterError.self) { try decode(Forgetful.self, "x") }
    #expect(error?.problems.map(\.path) == ["$.second"])
  }

  @Test func shortFormsAndChoicesMayBeOptionalMembers() throws {
    let rules = try decode(Rules.self, ["secrets": "deny"])
    #expect(rules.secrets?.action == .deny)
    #expect(rules.action == nil)
    #expect(try decode(Rules.self, ["secrets": ["action": "allow"]]).secrets?.action == .allow)
    #expect(Rules.problems(in: ["secrets": "dny"]).map(\.suggestion) == ["deny"])
    let members = ParameterSchema.of(Rules.self)["properties"]
    #expect(members?["action"]?["enum"] == ["deny", "allow", nil])
    #expect(members?["secrets"]?["anyOf"]?.array?.count == 2)
  }

  @Test func undecodedSetsCanBeFilledByHand() {
    var limits = Limits()
    limits.count = 3
    #expect(limits.parameterJSON == ["count": 3, "wait": 10])
    #expect(Limits().parameterJSON == ["wait": 10])
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func randomParametersNeverCrash(seed: UInt64) {
    var random = SeededGenerator(state: seed)
    for _ in 0..<100 {
      let value: JSONValue = [
        "limits": .random(depth: 2, using: &random), "most": .random(depth: 1, using: &random),
        "base_url": .random(depth: 1, using: &random),
      ]
      let isValid = Holder.problems(in: value).allSatisfy { $0.kind == .unknown }
      #expect((try? decode(Holder.self, value)) == nil ? !isValid : isValid)
    }
  }
}
