import KeystoneKit
import Testing

@testable import KeystoneSpec

@Suite struct TemplateTests {
  private let values: [String: JSONValue] = [
    "matrix.count": 3, "matrix.model": "gpt", "secrets.KEY": "k", "dataset.input": ["a": [1, "x"]], "matrix.on": true,
    "dataset.number": "7",
  ]

  @Test func referencesAreFoundInOrder() {
    let template = Template("{{ task.prompt }}-{{secrets.KEY}}-{{  dataset.input.id  }}")
    #expect(template.references == ["task.prompt", "secrets.KEY", "dataset.input.id"])
  }

  @Test func referencesAreReplaced() throws {
    let text = try Template("a {{ matrix.model }} b {{ secrets.KEY }}").render { values[$0]?.string }
    #expect(text == "a gpt b k")
  }

  @Test(arguments: [
    "{{ }}", "{{ x }}", "{{ user.name }}", "{{ secrets. }}", "{{ secrets.A B }}", "{ { secrets.A } }", "{{ secrets.A }",
    "{{ secrets..A }}", "{{", "}}", "${{ github.token }}",
  ])
  func otherBracesAreOrdinaryText(_ text: String) throws {
    #expect(Template(text).references.isEmpty)
    #expect(try Template(text).render { _ in "x" } == text)
  }

  @Test func aBackslashMakesAReferenceOrdinaryText() throws {
    #expect(try Template("\\{{ secrets.KEY }} \\ {{ secrets.KEY }}").render { _ in "v" } == "{{ secrets.KEY }} \\ v")
  }

  @Test func valuesAreNotReadAsTemplates() throws {
    #expect(try Template("{{ matrix.model }}").render { _ in "{{ secrets.KEY }}" } == "{{ secrets.KEY }}")
  }

  @Test func aReferenceWithoutValueIsAnError() {
    #expect(throws: TemplateError(reference: "secrets.NONE")) {
      try Template("{{ secrets.NONE }}").render { _ in nil }
    }
  }

  @Test func soleReferencesKeepTheirType() throws {
    let value: JSONValue = [
      "a": "{{ matrix.count }}", "b": ["{{ matrix.count }} times", "{{ dataset.input }}"], "c": 1,
    ]
    #expect(
      try value.rendering { values[$0] }
        == ["a": 3, "b": ["3 times", ["a": [1, "x"]]], "c": 1])
    #expect(try JSONValue.string("in: {{ dataset.input }}").rendering { values[$0] } == "in: {\"a\":[1,\"x\"]}")
  }

  @Test func schemasDecideTheTypeOfSoleReferences() throws {
    let schema: JSONValue = [
      "properties": [
        "args": ["items": ["type": "string"]], "count": ["type": "integer"], "on": ["type": ["boolean"]],
      ]
    ]
    let value: JSONValue = ["args": ["{{ matrix.count }}"], "count": "{{ dataset.number }}", "on": "{{ matrix.on }}"]
    #expect(try value.rendering(schema: schema) { values[$0] } == ["args": ["3"], "count": 7, "on": true])
  }
}
