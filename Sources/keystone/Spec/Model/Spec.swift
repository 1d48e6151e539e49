public import KeystoneKit

/// A checked scenario description, decoded from one YAML document.
///
/// Every section that the document leaves out has its documented default; parameters of plugin types stand as they
/// were written, and the plugin fills in its own defaults.
public struct Spec: Sendable {
  /// The version of the spec format, always 1 in this release.
  public var version: Int
  /// The identifier under which results, versions and alerts refer to this spec.
  public var id: String
  /// The title for people, when the document gives one.
  public var name: String?
  /// What the scenario is about, when the document says so.
  public var description: String?
  /// The image or operating system that the sandbox starts from, such as `ubuntu:24.04`.
  public var base: String
  /// What the agent is asked to do.
  public var task: SpecTask
  /// What is prepared in the sandbox before the agent starts.
  public var setup: SpecSetup
  /// The limits of the sandbox and of the scenario.
  public var resources: SpecResources
  /// The seed data, in document order.
  public var fixtures: [SpecFixture]
  /// The backing services, in document order.
  public var services: [SpecService]
  /// The secrets that the sandbox needs, in document order.
  public var secrets: [SpecSecret]
  /// What may be reached over the network.
  public var network: SpecNetwork
  /// What is recorded beyond what rules ask for.
  public var audit: SpecAudit
  /// The agent; `nil` when the scenario is judged as set up.
  public var agent: SpecAgent?
  /// The checks, in document order.
  public var invariants: [SpecInvariant]
  /// The trajectory rules, in document order.
  public var forbidden: [SpecForbiddenRule]
  /// How check results become a verdict.
  public var scoring: SpecScoring
  /// How often and with which parameters the scenario runs.
  public var parallelism: SpecParallelism
  /// The datasets whose records drive the scenario, in document order.
  public var datasets: [SpecDataset]
  /// What is pinned for reproducible runs.
  public var determinism: SpecDeterminism
  /// What is kept after a run.
  public var teardown: SpecTeardown
  /// When the sandbox is checkpointed.
  public var snapshots: SpecSnapshots
  /// The alerts that the spec declares, in document order.
  public var alerts: [SpecAlert]
  /// The names of the top-level sections that the document contains, in document order.
  public var sections: [String]
  /// The document as it was read, with positions.
  public var document: SpecDocument
}

extension Spec {
  /// The name under which diagnostics mention the document, usually its path.
  public var file: String { document.file }

  /// The bytes of the document as they were read.
  public var source: [UInt8] { document.source.bytes }

  /// The whole document as JSON.
  public var json: JSONValue { document.root.json }

  /// Places a complaint about a plugin's parameters at the node it is about.
  ///
  /// - Parameters:
  ///   - reference: Whose parameters are meant.
  ///   - path: A JSON path inside the parameters, such as `$.pattern` or `$.assertions[0].equals`.
  ///   - message: One sentence that says what is wrong.
  ///   - expected: What would be right, when that is known.
  ///   - suggestion: What to do, when that is known.
  ///   - severity: How bad it is.
  /// - Returns: A diagnostic at the deepest node of the path that the document contains.
  public func diagnostic(
    for reference: ParameterReference, path: String, message: String, expected: String? = nil,
    suggestion: String? = nil, severity: SpecDiagnostic.Severity = .error
  ) -> SpecDiagnostic {
    document.diagnostic(
      at: reference.components + JSONPath.components(of: path), message: message, expected: expected,
      suggestion: suggestion, severity: severity)
  }
}
