import KeystoneKit
import Testing

@testable import KeystoneSpec

@Suite struct MergedSchemaTests {
  private let merged = exampleSchema.merged()

  @Test func theHostKnowsNoPluginTypeByName() {
    let alone = SpecSchema(types: []).merged()
    for type in exampleTypes { #expect(!mentions(alone, type.type)) }
    #expect(alone["properties"]?["invariants"] != nil && !mentions(alone, HostSchema.pointKeyword))
  }

  @Test func typesAreAlternativesToldApartByAConstant() {
    let check = merged["properties"]?["invariants"]?["additionalProperties"]?["properties"]?["check"]
    let names = check?["oneOf"]?.array?.compactMap { $0["$ref"]?.string } ?? []
    #expect(names.contains("#/$defs/invariant.file_exists") && names.contains("#/$defs/invariant.acme.lines_at_most"))
    let definition = merged["$defs"]?["invariant.acme.lines_at_most"]
    #expect(definition?["properties"]?["type"]?["const"] == "acme/lines_at_most")
    #expect(definition?["properties"]?["max"]?["default"] == 100)
    #expect(definition?["properties"]?["timeout"] != nil && definition?["additionalProperties"] == false)
    #expect(definition?["description"] == "Counts lines.")
  }

  @Test func rulesAreKeysAndNotifiersAreToldApartByNotify() {
    let rules = merged["properties"]?["forbidden"]
    #expect(rules?["properties"]?["limits"]?["$ref"] == "#/$defs/forbidden.limits")
    #expect(rules?["additionalProperties"] == false)
    #expect(merged["$defs"]?["forbidden.limits"]?["properties"]?["calls"]?["type"] == "integer")
    #expect(merged["$defs"]?["notifier.slack"]?["properties"]?["notify"]?["const"] == "slack")
  }

  @Test func everyReferenceLeadsToADefinition() {
    let definitions = merged["$defs"]?.object ?? [:]
    for reference in references(in: merged) {
      #expect(definitions[String(reference.dropFirst("#/$defs/".count))] != nil, "\(reference)")
    }
  }

  @Test func formatsThatEditorsDoNotKnowBecomePatterns() {
    #expect(formats(in: merged).isEmpty)
    let timeout = merged["properties"]?["resources"]?["properties"]?["timeout"]
    #expect(timeout?["pattern"] != nil && timeout?["format"] == nil)
  }

  @Test func everyPropertyOfTheHostIsDescribed() {
    #expect(undescribed(HostSchema.root, "spec").isEmpty, "\(undescribed(HostSchema.root, "spec"))")
  }

  private func undescribed(_ schema: JSONValue, _ path: String) -> [String] {
    (schema["properties"]?.object ?? [:]).flatMap { key, property in
      let own = property["description"] == nil && property["oneOf"] == nil ? ["\(path).\(key)"] : []
      return own + undescribed(property, "\(path).\(key)") + undescribed(property["items"] ?? .null, "\(path).\(key)[]")
    }
  }

  @Test(
    arguments: [
      (.duration, "1h30m"), (.timeout, "0.5"), (.size, "512Mi"), (.size, "500MB"), (.cpu, "0.5"), (.cpu, "100m"),
      (.timestamp, "2026-01-01T00:00:00.5+02:00"), (.seed, "42"), (.mode, "0644"), (.identifier, "a.b-c_1"),
      (.serviceName, "stripe_mock"), (.environmentName, "_A1"), (.parameterName, "model"), (.hostPattern, "*.a.com:1"),
      (.hostPattern, "[::1]"), (.hostName, "db"), (.artifactPath, "a/..b/c"), (.secretSource, "env:X"),
      (.secretLiteral, "static://"), (.alertCondition, "pass_rate<0.8"), (.alertWindow, "last_24h"), (.urlPath, "/v1"),
    ] as [(SchemaFormat, String)])
  func patternsAcceptWhatTheHostAccepts(_ format: SchemaFormat, _ text: String) throws {
    #expect(format.accepts(text))
    #expect(text.firstMatch(of: try Regex(try #require(format.pattern))) != nil)
  }

  private func formats(in value: JSONValue) -> [String] {
    switch value {
    case .array(let items): items.flatMap(formats)
    case .object(let members): members.flatMap { $0 == "format" ? [$1.string].compactMap { $0 } : formats(in: $1) }
    default: []
    }
  }

  private func references(in value: JSONValue) -> [String] {
    switch value {
    case .array(let items): items.flatMap(references)
    case .object(let members): members.flatMap { $0 == "$ref" ? [$1.string ?? ""] : references(in: $1) }
    default: []
    }
  }

  private func mentions(_ value: JSONValue, _ word: String) -> Bool {
    switch value {
    case .string(let text): text == word
    case .array(let items): items.contains { mentions($0, word) }
    case .object(let members): members.contains { $0 == word || mentions($1, word) }
    default: false
    }
  }
}
