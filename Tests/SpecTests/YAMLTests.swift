import KeystoneKit
import Testing

@testable import KeystoneSpec

@Suite struct YAMLTests {
  @Test(
    arguments: [
      ("true", .bool(true)), ("False", .bool(false)), ("null", .null), ("~", .null), ("", .null),
      ("yes", "yes"), ("no", "no"), ("on", "on"), ("Off", "Off"),
      ("12", 12), ("-7", -7), ("+3", 3), ("007", 7), ("0x1F", 31), ("0o17", 15),
      ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1.", 1.0), ("-1.5E-1", -0.15),
      ("9223372036854775808", .number(9_223_372_036_854_775_808)),
      ("1_000", "1_000"), ("12:30", "12:30"), ("0x", "0x"), ("1.2.3", "1.2.3"), ("e3", "e3"),
      ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("0x-1", "0x-1"),
      ("\"true\"", "true"), ("'12'", "12"), ("!!str 12", "12"), ("!!int \"12\"", 12),
    ] as [(String, JSONValue)])
  func scalarsFollowTheCoreSchema(_ text: String, _ value: JSONValue) throws {
    #expect(try parse("a: \(text)")["a"] ?? .null == value)
  }

  @Test func blocksAreStrings() throws {
    #expect(try parse("a: |\n  12\nb: >\n  x\n  y\n") == ["a": "12\n", "b": "x y\n"])
  }

  @Test func mergeKeysYieldToKeysOfTheMap() throws {
    let text = "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nall: {<<: [*b, *o], x: 0}\nkey: {\"<<\": 1}"
    let value = try parse(text)
    #expect(value["all"] == ["x": 0, "y": 2, "z": 4])
    #expect(value["key"] == ["<<": 1])
  }

  @Test(
    arguments: [
      ("a: 1\nb: 2\na: 3", 3, 1, "appears twice"),
      ("? [a]\n: 1", 1, 3, "a key must be text, not a list"),
      ("a: {{ secrets.X }}", 1, 5, "a key must be text, not a map"),
      ("a: *none", 1, 4, "names no anchor"),
      ("a: &x [*x]", 1, 8, "inside the node it names"),
      ("a: 1\n---\nb: 2", 2, 1, "more than one document"),
      ("a: !Ref b", 1, 4, "tag `!Ref`"),
      ("a: !!python/object:os.system x", 1, 4, "tag `tag:yaml.org,2002:python/object:os.system`"),
      ("a: .nan", 1, 4, "not a number that JSON can express"),
      ("a: 1e999", 1, 4, "too large"),
      ("a: \"x\\0y\"", 1, 4, "NUL"),
      ("a:\n\tb: 1", 2, 1, "this is not YAML"),
      ("a: [1, 2", 1, 9, "this is not YAML"),
      ("a: b: c", 1, 5, "mapping values are not allowed"),
      ("a: \u{7}", 1, 4, "control characters"),
      ("é: \"ü\"\nö: [", 2, 5, "this is not YAML"),
      ("\"\": 1", 1, 1, "a key is empty"),
      ("a: {<<: 1}", 1, 9, "`<<` takes a map"),
      ("a: {<<: {x: 1}, <<: {y: 1}}", 1, 17, "the key `<<` appears twice"),
    ] as [(String, Int, Int, String)])
  func mistakesHaveAPlace(_ text: String, _ line: Int, _ column: Int, _ message: String) throws {
    let found = diagnose(text)
    let all = found.map(\.rendered).joined(separator: "\n")
    let place = try #require(found.first { $0.message.contains(message) }, "\(all)").range?.start
    #expect(place?.line == line && place?.column == column, "\(all)")
  }

  @Test func tabsAndBareTemplatesGetAHint() {
    #expect(suggests("a:\n\tb: 1", "tabs"))
    #expect(suggests("a: {{ secrets.X }}", "quote templates"))
    #expect(suggests("a: {{ x }} y\nb: 1", "quote templates"))
  }

  private func suggests(_ text: String, _ remedy: String) -> Bool {
    diagnose(text).contains { $0.suggestion?.contains(remedy) == true }
  }

  @Test func invalidUTF8IsFoundAtItsByte() throws {
    for bytes in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]] {
      let (spec, found) = exampleSchema.check(Array("a: 1\nb: ".utf8) + bytes, file: "spec.yaml")
      #expect(spec == nil && found.count == 1)
      #expect(found[0].message.contains("not valid UTF-8") && found[0].range?.start.line == 2)
    }
  }

  @Test func byteOrderMarksAreSkippedOrRefused() throws {
    let marked = [0xEF, 0xBB, 0xBF] + Array(minimalSpec.utf8)
    #expect(exampleSchema.check(marked, file: "spec.yaml").1.isEmpty)
    let wide = exampleSchema.check([0xFF, 0xFE, 0x61, 0x00], file: "spec.yaml").1
    #expect(wide.map(\.expected) == ["UTF-8"])
  }

  @Test func placesCountCharactersAndEveryKindOfLineEnd() throws {
    for end in ["\n", "\r\n", "\r"] {
      let text = minimalSpec.replacing("Do it.", with: "\"Tü es. 🎉\"").replacing("file_exists", with: "füle_exists")
        .replacing("\n", with: end)
      let found = diagnose(text)
      #expect(found.map(\.range?.start.line) == [9] && found.map(\.range?.start.column) == [13])
    }
  }

  @Test(arguments: ["", "# nothing", "---", "~", "[]", "12"])
  func documentsThatAreNoMapAreRefused(_ text: String) {
    #expect(!diagnose(text).isEmpty)
  }

  private func parse(_ text: String) throws -> JSONValue {
    var parser = YAMLParser()
    let root = parser.parse(Array(text.utf8))
    #expect(parser.problems.isEmpty, "\(parser.problems)")
    return try #require(root).json
  }
}
