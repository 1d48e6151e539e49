import KeystoneKit
import Testing

@testable import KeystoneSpec

@Suite struct SpecDecodingTests {
  @Test func minimalSpecHasDocumentedDefaults() throws {
    let spec = try decode(minimalSpec)
    #expect(spec.version == 1 && spec.id == "minimal" && spec.base == "ubuntu:24.04")
    #expect(spec.task.prompt == "Do it." && spec.task.context.isEmpty)
    #expect(spec.agent == nil && spec.scoring.passThreshold == 1 && spec.scoring.aggregation == .allMustPass)
    #expect(spec.parallelism == SpecParallelism() && spec.setup == SpecSetup() && spec.network == SpecNetwork())
    #expect(spec.resources == SpecResources() && spec.audit == SpecAudit() && spec.teardown == SpecTeardown())
    #expect(spec.invariants.map(\.weight) == [1] && spec.invariants.map(\.isGate) == [false])
    #expect(spec.invariants.map(\.parameters) == [["path": "out.txt"]])
    #expect(spec.sections == ["version", "id", "base", "task", "invariants"])
  }

  @Test func everySectionIsDecoded() throws {
    let spec = try decode(fullSpec)
    #expect(spec.name == "Full" && spec.description == "Everything at once.")
    #expect(spec.task.context == ["repo": "acme/backend", "depth": 3])
    #expect(spec.setup.packages == ["nodejs", "npm"] && spec.setup.commands == ["npm install"])
    #expect(spec.setup.files.map(\.mode) == [0o640] && spec.setup.files.map(\.content) == ["A=1"])
    #expect(spec.determinism.seed == .max && spec.determinism.hasStaticDNS)
    #expect(spec.determinism.clock?.seconds == 1_767_225_600)
    #expect(spec.snapshots.checkpointsPerAction)
    #expect(spec.datasets.map(\.id) == ["emails", "more"] && spec.datasets[1].limit == 5)
    #expect(spec.teardown.alwaysRun && spec.teardown.export.map(\.kind) == [.auditLog, .dbDump])
    #expect(spec.alerts.map(\.notifier) == ["slack"] && spec.alerts[0].parameters == ["slack_channel": "#a"])
    #expect(spec.alerts[0].evalID == "full" && spec.alerts[0].window == "last_5_runs")
  }

  @Test func limitsAreDecodedIntoUnits() throws {
    let resources = try decode(fullSpec).resources
    #expect(resources.timeout == .seconds(600) && resources.memory == 4 << 30 && resources.cpu == 1500)
    #expect(resources.disk == 500_000_000 && resources.pids == 64 && resources.concurrencyLimit == 2)
  }

  @Test func environmentKeepsTheDigitsOfNumbers() throws {
    #expect(try decode(fullSpec).setup.env == ["CI": "true", "PORT": "8080", "VERSION": "1.10"])
  }

  @Test func servicesAreImagesOrMocks() throws {
    let services = try decode(fullSpec).services
    #expect(services.map(\.name) == ["db", "pay"] && services.map(\.ports) == [[5432], [9090]])
    let image = SpecImageService(
      image: "postgres:16", env: ["POSTGRES_PASSWORD": "{{ secrets.DB_PASSWORD }}"], waitFor: "pg_isready")
    #expect(services[0].kind == .image(image))
    guard case .httpMock(let mock) = services[1].kind else {
      Issue.record("the second service is no mock")
      return
    }
    #expect(mock.defaultResponse == 404 && mock.records && mock.routes.map(\.status) == [201, 200])
    #expect(mock.routes.map(\.method) == ["POST", nil] && mock.routes[1].response == ["balance": 1])
  }

  @Test func secretsSayWhereTheirValuesComeFrom() throws {
    let secrets = try decode(fullSpec).secrets
    #expect(
      secrets.map(\.origin) == [
        .environment("API_KEY"), .generated, .environment("OTHER"), .file("~/.b"), .command("op read x"), .dashboard,
        .literal("x"), .environment("F"), .environment("G"),
      ])
    #expect(secrets[6].fileTemplate == ".ssh/id")
  }

  @Test func networkAndAuditAreDecoded() throws {
    let spec = try decode(fullSpec)
    #expect(spec.network.egress.policy == .deny && spec.network.egress.allow.count == 3)
    #expect(spec.network.ingress.allow == [SpecNetwork.IngressRule(from: "host", toPort: 80)])
    #expect(spec.network.dnsOverrides == ["smtp.sendgrid.net": "pay.services.internal"])
    #expect(spec.audit.dbWrites && spec.audit.stdoutCapture && spec.audit.track == [.writes, .deletes])
  }

  @Test func hostKeysAreNotParameters() throws {
    let spec = try decode(fullSpec)
    #expect(spec.agent?.model == "m" && spec.agent?.timeout == .seconds(5400))
    #expect(spec.agent?.env == ["X": "{{ secrets.API_KEY }}"])
    #expect(Set((spec.agent?.parameters.object ?? [:]).keys) == ["binary", "args", "retries"])
    #expect(spec.fixtures[0].timeout == .seconds(90))
    #expect(spec.fixtures[0].parameters == ["service": "db", "sql": "SELECT 1"])
  }

  @Test func documentOrderIsKept() throws {
    let spec = try decode(fullSpec)
    #expect(spec.invariants.map(\.name) == ["second", "charged_once", "lines"])
    #expect(spec.invariants.map(\.timeout) == [.seconds(30), .milliseconds(500), nil])
    #expect(spec.invariants[0].isGate && spec.invariants[0].weight == 0.5)
    #expect(spec.forbidden.map(\.type) == ["secrets_in_logs", "db_writes_outside", "limits"])
    #expect(spec.forbidden.map(\.parameters) == ["deny", ["users"], ["calls": 3]])
    #expect(spec.parallelism.matrix == [["model": "gpt", "rows": 3], ["model": "claude", "rows": 4]])
  }

  @Test func optionalParametersWithoutValueAreAbsent() throws {
    let text = minimalSpec.replacing("type: file_exists", with: "type: file_content\n      pattern:")
    let spec = try decode(text)
    #expect(spec.invariants[0].parameters["pattern"] == nil)
  }

  @Test func pluginComplaintsAreKeptAtTheirNode() throws {
    let spec = try decode(fullSpec)
    let diagnostic = spec.diagnostic(
      for: .invariant("charged_once"), path: "$.assertions[0].equals", message: "One is not enough.")
    #expect(diagnostic.path == "invariants.charged_once.check.assertions[0].equals")
    let line = fullSpec.split(separator: "\n", omittingEmptySubsequences: false)
      .firstIndex { $0.contains("equals: 1") }.map { $0 + 1 }
    #expect(diagnostic.range?.start.line == line)
    #expect(diagnostic.rendered.contains("equals: 1"))
  }

  @Test func pluginComplaintsAboutAbsentKeysAreKeptAtTheParent() throws {
    let spec = try decode(minimalSpec)
    let diagnostic = spec.diagnostic(for: .invariant("done"), path: "$.pattern.deep", message: "Missing.")
    #expect(diagnostic.range?.start.line == 9)
    #expect(spec.diagnostic(for: .forbidden("none"), path: "$", message: "Gone.").range?.start.line == 1)
  }
}

/// Decodes a text that has no errors.
func decode(_ text: String, _ schema: SpecSchema = exampleSchema) throws -> Spec {
  let (spec, diagnostics) = schema.check(Array(text.utf8), file: "spec.yaml")
  let errors = diagnostics.filter { $0.severity == .error }
  #expect(errors.isEmpty, "\(errors.map(\.rendered).joined(separator: "\n"))")
  return try #require(spec)
}
