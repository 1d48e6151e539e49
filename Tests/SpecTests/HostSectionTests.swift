import Testing

@testable import KeystoneSpec

/// One case per rule of the host's own sections.
@Suite struct HostSectionTests {
  @Test func theExamplesAreFree() {
    #expect(diagnose(minimalSpec).isEmpty)
    let diagnostics = diagnose(fullSpec)
    #expect(diagnostics.isEmpty, "\(diagnostics.map(\.rendered).joined(separator: "\n"))")
  }

  @Test(arguments: ["version", "id", "base", "task", "invariants"])
  func requiredSectionsAreMissed(_ section: String) throws {
    let renamed = minimalSpec.replacing("\n\(section):", with: "\nname_\(section):")
    let text = section == "version" ? String(minimalSpec.dropFirst("version: 1\n".count)) : renamed
    let found = diagnose(text)
    #expect(found.contains { $0.message == "the spec lacks `\(section)`" }, "\(found.map(\.rendered))")
  }

  @Test(arguments: [
    Mistake("version: 1", "version: 2", at: "version", "cannot be `2`", expects: "`1`"),
    Mistake("version: 1", "version: \"1\"", at: "version", "must be a whole number", suggests: "remove the quotes"),
    Mistake("id: full", "id: a b", at: "id", "cannot be `a b`", expects: "letters"),
    Mistake("id: full", "id: 7", at: "id", "must be a string", suggests: "quote it: \"7\""),
    Mistake("name: Full", "nmae: Full", at: "nmae", "the spec has no key `nmae`", suggests: "did you mean `name`?"),
    Mistake("base: \"ubuntu:24.04\"", "base: \"\"", at: "base", "`base` is empty"),
    Mistake("context: {repo: \"acme/backend\", depth: 3}", "context: 3", at: "task.context", "must be a map"),
    Mistake("  context:", "  contxt:", at: "task.contxt", "no key `contxt`", suggests: "`context`"),
    Mistake("env: {CI: true", "enviroment: {CI: true", at: "setup.enviroment", "no key", suggests: "`env`"),
    Mistake("packages: [nodejs, npm]", "packages: nodejs", at: "setup.packages", "must be a list"),
    Mistake("commands: [\"npm install\"]", "commands: [{run: x}]", at: "setup.commands[0]", "must be a string"),
    Mistake("path: .env", "path: a/../../b", at: "setup.files[0].path", "cannot be", expects: "stays in the workspace"),
    Mistake("mode: 0640", "mode: 0980", at: "setup.files[0].mode", "cannot be `0980`", expects: "octal"),
    Mistake("content: \"A=1\"", "contents: x", at: "setup.files[0].contents", "no key", suggests: "`content`"),
    Mistake("CI: true", "1CI: true", at: "setup.env.1CI", "cannot be a name", expects: "not beginning with a digit"),
    Mistake("CI: true", "CI: [1]", at: "setup.env.CI", "must be a string"),
    Mistake("timeout: 10m", "timeout: 10 min", at: "resources.timeout", "cannot be `10 min`", expects: "`90s`"),
    Mistake("timeout: 10m", "timeout: 0", at: "resources.timeout", "cannot be `0`", expects: "above zero"),
    Mistake("timeout: 10m", "timeout: -5", at: "resources.timeout", "cannot be `-5`"),
    Mistake(
      "timeout: 10m", "timeout: \"{{ matrix.rows }}\"", at: "resources.timeout", "cannot be",
      suggests: "a template cannot stand here"),
    Mistake("memory: 4Gi", "memory: 4Gb", at: "resources.memory", "cannot be `4Gb`", expects: "`512Mi`"),
    Mistake("cpu: 1.5", "cpu: many", at: "resources.cpu", "cannot be `many`", expects: "`100m`"),
    Mistake("pids: 64", "pids: 0", at: "resources.pids", "too small", expects: "from 1"),
    Mistake("concurrency_limit: 2", "concurrency_limit: 0", at: "resources.concurrency_limit", "too small"),
    Mistake("isolation: per_run", "isolation: shared", at: "parallelism.isolation", "cannot be `shared`"),
    Mistake("replicas: 10", "replicas: 0", at: "parallelism.replicas", "too small"),
    Mistake("replicas: 10", "replicas: 1.5", at: "parallelism.replicas", "must be a whole number"),
    Mistake("concurrency: 4", "concurency: 4", at: "parallelism.concurency", "no key", suggests: "`concurrency`"),
    Mistake("{model: gpt, rows: 3}", "7", at: "parallelism.matrix[0]", "must be a map"),
    Mistake(
      "pass_threshold: 0.9", "pass_threshold: 90", at: "scoring.pass_threshold", "too large", expects: "from 0 to 1"),
    Mistake(
      "strategy: percentage", "strategy: percent", at: "scoring.replica_aggregation.strategy", "cannot be",
      suggests: "`percentage`"),
    Mistake("min_pass_rate: 0.8", "min_pass_rate: 2", at: "scoring.replica_aggregation.min_pass_rate", "too large"),
    Mistake("clock: \"2026-01-01T00:00:00Z\"", "clock: yesterday", at: "determinism.clock", "cannot be `yesterday`"),
    Mistake("seed: 18446744073709551615", "seed: -1", at: "determinism.seed", "cannot be `-1`"),
    Mistake("dns: static", "dns: dynamic", at: "determinism.dns", "cannot be `dynamic`", expects: "`static`"),
    Mistake("checkpoints: per_action", "checkpoints: never", at: "snapshots.checkpoints", "cannot be `never`"),
    Mistake(
      "always_run: true", "always_run: yes", at: "teardown.always_run", "must be `true` or `false`",
      suggests: "write `true`"),
    Mistake("type: audit_log", "type: auditlog", at: "teardown.export[0].type", "cannot be", suggests: "`audit_log`"),
    Mistake(
      "to: results/audit.jsonl", "to: /etc/x", at: "teardown.export[0].to", "cannot be `/etc/x`", expects: "relative"),
    Mistake("to: results/audit.jsonl", "to: a/../../x", at: "teardown.export[0].to", "cannot be"),
    Mistake("db_writes: true", "db_writes: 1", at: "audit.db_writes", "must be `true` or `false`"),
    Mistake("track: [writes,", "track: [write,", at: "audit.file_system.track[0]", "cannot be", suggests: "`writes`"),
    Mistake("version: 2, tags", "version: 0, tags", at: "datasets[1].version", "too small"),
  ])
  func mistakesAreFoundAtTheirPlace(_ mistake: Mistake) throws { try mistake.verify() }

  @Test(arguments: [
    Mistake("image: postgres:16", "imagee: x", at: "services[0].imagee", "no key", suggests: "`image`"),
    Mistake("ports: [5432]", "ports: [70000]", at: "services[0].ports[0]", "too large"),
    Mistake("type: http_mock", "type: http_mok", at: "services[1].type", "", suggests: "`http_mock`"),
    Mistake("record: true", "recrod: true", at: "services[1].recrod", "no key", suggests: "`record`"),
    Mistake("status: 201", "status: 2010", at: "services[1].routes[0].status", "too large"),
    Mistake("path: /v1/charge, response", "path: v1, response", at: "services[1].routes[0].path", "cannot be `v1`"),
    Mistake("- name: G", "- name: a b", at: "secrets[8].name", "cannot be `a b`"),
    Mistake("source: \"env:OTHER\"", "source: vault:x", at: "secrets[2].source", "cannot be", expects: "`env:NAME`"),
    Mistake("source: dashboard", "source: dashbord", at: "secrets[5].source", "cannot be", suggests: "`dashboard`"),
    Mistake(
      "from: generated", "source: generated", at: "secrets[1].source", "cannot be", suggests: "`from: generated`"),
    Mistake("from: \"static://x\"", "from: x", at: "secrets[6].from", "cannot be `x`", expects: "`generated`"),
    Mistake("file_template: .ssh/id", "file_template: ../id", at: "secrets[6].scope.file_template", "cannot be"),
    Mistake("egress: {default: deny", "egress: {default: none", at: "network.egress.default", "cannot be `none`"),
    Mistake(
      "allow: [github.com", "allow: [\"https://github.com/x\"", at: "network.egress.allow[0]", "cannot be",
      suggests: "`github.com`"),
    Mistake("from: host", "from: lan", at: "network.ingress.allow[0].from", "cannot be `lan`"),
    Mistake("to_port: 80", "to_port: 0", at: "network.ingress.allow[0].to_port", "too small"),
    Mistake(
      "condition: pass_rate < 0.8", "condition: pass_rat < 0.8", at: "alerts[0].condition", "cannot be",
      suggests: "`pass_rate`"),
    Mistake("condition: pass_rate < 0.8", "condition: pass_rate << 0.8", at: "alerts[0].condition", "cannot be"),
    Mistake(
      "window: last_5_runs", "window: last_runs", at: "alerts[0].window", "cannot be", expects: "`last_<N>_runs`"),
  ])
  func mistakesInTheWorldAreFoundAtTheirPlace(_ mistake: Mistake) throws { try mistake.verify() }

  @Test func emptyOptionalSectionsCountAsAbsent() throws {
    let spec = try decode(minimalSpec + "services:\nsecrets: ~\nsetup:\n  commands:\n")
    #expect(spec.services.isEmpty && spec.secrets.isEmpty && spec.setup == SpecSetup())
  }

  @Test func everyProblemIsReportedAtOnceInDocumentOrder() {
    let text = minimalSpec.replacing("version: 1", with: "version: 3").replacing("prompt:", with: "promt:")
      .replacing("type: file_exists", with: "type: file_exist")
    let lines = diagnose(text).compactMap { $0.range?.start.line }
    #expect(lines == lines.sorted() && Set(lines) == [1, 5, 9])
  }

  @Test func onlyTheFirstHundredProblemsAreShown() {
    let many = (0..<5000).map { "unknown\($0): 1" }.joined(separator: "\n")
    #expect(diagnose(minimalSpec + many).count == SpecSchema.mostDiagnostics + 1)
  }
}
