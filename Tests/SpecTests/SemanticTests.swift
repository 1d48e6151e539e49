import Testing

@testable import KeystoneSpec

/// One case per rule that a schema cannot express.
@Suite struct SemanticTests {
  @Test(arguments: [
    Mistake(
      "service: db\n    timeout", "service: bd\n    timeout", at: "fixtures[0].service", "there is no service `bd`",
      suggests: "`db`"),
    Mistake(
      "service: pay\n", "service: pays\n", at: "invariants.charged_once.check.service", "there is no service",
      suggests: "`pay`"),
    Mistake(
      "pay.services.internal", "payy.services.internal", at: "network.dns_overrides[\"smtp.sendgrid.net\"]",
      "there is no service `payy`"),
    Mistake("service: db, to", "service: cache, to", at: "teardown.export[1].service", "there is no service `cache`"),
    Mistake("service: db, to", "to", at: "teardown.export[1]", "lacks `service`"),
    Mistake("- name: pay\n", "- name: db\n", at: "services[1].name", "declared twice"),
    Mistake("- {name: F, source: env}", "- {name: A, source: env}", at: "secrets[7].name", "declared twice"),
    Mistake(
      "- {name: F, source: env}", "- {name: F, source: env, from: generated}", at: "secrets[7].from",
      "both `source` and `from`"),
    Mistake(
      "strategy: percentage, min_pass_rate: 0.8", "strategy: percentage", at: "scoring.replica_aggregation",
      "needs `min_pass_rate`"),
    Mistake(
      "strategy: percentage", "strategy: majority", at: "scoring.replica_aggregation.min_pass_rate", "has no effect",
      severity: .warning),
    Mistake(
      "{model: claude, rows: 4}", "{model: claude}", at: "parallelism.matrix[1]", "differ in `rows`", severity: .warning
    ),
    Mistake(
      "{{ secrets.API_KEY }}", "{{ secrets.API_KEYS }}", at: "agent.env.X", "refers to nothing", suggests: "`API_KEY`"),
    Mistake("{{ matrix.model }}", "{{ matrix.modle }}", at: "task.prompt", "has the key `modle`", suggests: "`model`"),
    Mistake("{{ task.prompt }}", "{{ task.promt }}", at: "agent.args[1]", "no such member", suggests: "`prompt`"),
    Mistake("{{ matrix.model }}", "{{ task.prompt }}", at: "task.prompt", "cannot contain itself"),
    Mistake(
      "{{ task.prompt }}", "{{ tasks.prompt }}", at: "agent.args[1]", "ordinary text", suggests: "{{ task.prompt }}",
      severity: .warning),
    Mistake(
      "timeout: 30s\n    check: {type: command_exit", "timeout: 30s\n    check: {timeout: 1s, type: command_exit",
      at: "invariants.second.check.timeout", "given twice"),
  ])
  func mistakesAreFoundAtTheirPlace(_ mistake: Mistake) throws {
    if mistake.replacement.hasPrefix("- name: db") {
      // The other references to `pay` break too; only the duplicate is of interest.
      let found = diagnose(fullSpec.replacing(mistake.original, with: mistake.replacement))
      #expect(found.contains { $0.path == mistake.path && $0.message.contains(mistake.says) })
    } else {
      try mistake.verify()
    }
  }

  @Test func weightsMustNotAllBeZero() {
    let text = minimalSpec.replacing("  done:", with: "  done:\n    weight: 0")
    #expect(diagnose(text).map(\.path) == ["invariants"])
  }

  @Test func parametersAndDatasetFieldsWithoutSourceAreWarnings() {
    let text = minimalSpec.replacing("Do it.", with: "Do {{ parameters.x }} and {{ dataset.y }}.")
    #expect(diagnose(text).map(\.severity) == [.warning, .warning])
    #expect(diagnose(text + "datasets: [d]\n").isEmpty)
  }

  @Test func overridesMayLeadToOtherHosts() {
    let text = minimalSpec + "network: {dns_overrides: {a.example.com: b.example.com}}\n"
    #expect(diagnose(text).isEmpty)
    #expect(diagnose(minimalSpec + "network: {dns_overrides: {a.example.com: cache}}\n").count == 1)
  }

  @Test func templatesOfOtherToolsAreLeftAlone() {
    let text = minimalSpec.replacing(
      "Do it.", with: "Write {{ .Values.image }} {{ user.name }} {{ }} {{x}} \\{{ secrets.NONE }}.")
    #expect(diagnose(text).isEmpty)
  }
}
