import KeystoneKit
import Testing

@testable import KeystoneRecords

/// The template language of prompts (http-api 13.2).
@Suite struct PromptTemplateTests {
  func render(_ template: String, _ variables: String) throws -> String {
    try PromptTemplate(template).rendered(with: JSONValue(parsing: variables).object ?? [:])
  }

  @Test(
    arguments: [
      ("Hi {a} {{a}} {{a} { a }", #"{"a":"x"}"#, "Hi x x x x"),
      ("{gone} {{gone}}", "{}", "{gone} {{gone}}"),
      ("{u.n}", #"{"u":{"n":"Ada"}}"#, "Ada"),
      ("{#l}<{_it}>{/l}", #"{"l":[1,2]}"#, "<1><2>"),
      ("{#l}{n}:{g};{/l}", #"{"l":[{"n":"p"},{"n":"q"}],"g":"G"}"#, "p:G;q:G;"),
      ("{#l}{_it.n}{/l}", #"{"l":[{"n":1}]}"#, "1"),
      ("{#d}{k}-{d.k}{/d}", #"{"d":{"k":5}}"#, "{k}-5"),
      ("a{#off}b{/off}c", #"{"off":false}"#, "ac"),
      ("{#a}A{#b}B{/b}{/a}", #"{"a":true,"b":true}"#, "A{#b}B{/b}"),
      ("{#a}{x}{/a}-{x}", #"{"a":true,"x":"{y}","y":"Y"}"#, "Y-{y}"),
      ("{{#a}}x{{/a}}", #"{"a":1}"#, "{}x{}"),
      ("{#u}open", #"{"u":1}"#, "{#u}open"),
      (#"{"json": 1} {a-b}"#, "{}", #"{"json": 1} {a-b}"#),
    ])
  func rendersTheContractsExamples(_ template: String, _ variables: String, _ expected: String) throws {
    #expect(try render(template, variables) == expected)
  }

  @Test(
    arguments: [
      ("{a}", #"{"a":true}"#, "true"), ("{a}", #"{"a":null}"#, "{a}"), ("{a}", #"{"a":1.0}"#, "1"),
      ("{a}", #"{"a":1000000}"#, "1e+06"), ("{a}", #"{"a":[1,"x",null]}"#, "[1 x <nil>]"),
      ("{a}", #"{"a":{"k":1,"b":[true]}}"#, "map[b:[true] k:1]"), ("{#a}x{/a}", #"{"a":0}"#, "x"),
      ("{#a}1{#a}2{/a}3{/a}", #"{"a":true}"#, "1{#a}2{/a}3"),
    ])
  func decidesForTheGoClientWhereThePublishedOnesDiffer(
    _ template: String, _ variables: String, _ expected: String
  ) throws {
    #expect(try render(template, variables) == expected)
  }

  @Test(
    arguments: [
      (0.5, "0.5"), (123_456, "123456"), (1_234_567, "1.234567e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"),
      (-2.5, "-2.5"), (1e100, "1e+100"), (100_000, "100000"), (0, "0"), (3.14159, "3.14159"), (1e21, "1e+21"),
    ] as [(Double, String)])
  func writesNumbersAsGoDoes(_ number: Double, _ expected: String) {
    #expect(GoText.of(.number(number)) == expected)
  }

  @Test(
    arguments: [
      ("{/a}x{#a}y{/a}", #"{"a":1}"#, "{/a}xy"), ("{# a }y{/ a }", #"{"a":1}"#, "y"),
      ("{ #a}y{/a}", #"{"a":1}"#, "{ #a}y{/a}"),
      ("{#a}{/a}", "{}", ""), ("{#a}é{/a}{ünknown}", #"{"a":[0,0]}"#, "éé{ünknown}"), ("{", "{}", "{"),
      ("{{{a}}}", #"{"a":"x"}"#, "{x}"), ("{a.b}", #"{"a":"x"}"#, "{a.b}"), ("{#a}x{/b}", #"{"a":1}"#, "{#a}x{/b}"),
    ])
  func leavesWhatIsNoTagAlone(_ template: String, _ variables: String, _ expected: String) throws {
    #expect(try render(template, variables) == expected)
  }

  @Test func refusesAPromptThatExplodes() throws {
    let list = JSONValue.array(Array(repeating: .string(String(repeating: "x", count: 10_000)), count: 1000))
    #expect(throws: InvalidRecord.self) {
      try PromptTemplate("{#l}{_it}{_it}{/l}").rendered(with: ["l": list])
    }
  }

  @Test func manyUnclosedTagsTakeLinearTime() throws {
    let template = String(repeating: "{#a}", count: 100_000)
    #expect(try PromptTemplate(template).rendered(with: ["a": true]) == template)
  }
}
