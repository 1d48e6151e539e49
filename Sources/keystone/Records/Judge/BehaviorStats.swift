public import KeystoneKit

/// What a behavior found in one workflow.
public struct BehaviorFinding: Sendable, Hashable {
  /// The tree it looked at.
  public var trace: String
  /// Whether the behavior was there.
  public var isDetected: Bool
  /// The class, for a classifier.
  public var option: String?
  /// Why.
  public var reason: String
  /// When it was found, RFC 3339 in UTC.
  public var createdAt: String

  /// A finding.
  public init(trace: String, isDetected: Bool, option: String?, reason: String, createdAt: String) {
    self.trace = trace
    self.isDetected = isDetected
    self.option = option
    self.reason = reason
    self.createdAt = createdAt
  }
}

/// How often a behavior was detected, by day and by option.
public enum BehaviorStats {
  /// The statistics of findings, the newest first.
  public static func json(of findings: [BehaviorFinding], behavior: String, range: String) -> JSONValue {
    [
      "behavior_id": .string(behavior), "range": .string(range), "evaluated": count(findings),
      "detected": count(findings.filter(\.isDetected)), "detection_rate": rate(findings),
      "series": .array(
        Dictionary(grouping: findings) { String($0.createdAt.prefix(10)) }.sorted { $0.key < $1.key }.map { day in
          ["date": .string(day.key), "evaluated": count(day.value), "detected": count(day.value.filter(\.isDetected))]
        }),
      "options": .array(
        Dictionary(grouping: findings.filter { $0.option != nil }) { $0.option ?? "" }.sorted { $0.key < $1.key }
          .map { option in
            [
              "name": .string(option.key), "count": count(option.value),
              "rate": .number(Double(option.value.count) / Double(findings.count)),
            ]
          }),
      "samples": .array(
        findings.filter(\.isDetected).prefix(20).map { finding in
          [
            "trace_id": .string(finding.trace), "option": finding.option.map { .string($0) } ?? .null,
            "reason": .string(finding.reason), "ts": .string(finding.createdAt),
          ]
        }),
    ]
  }

  private static func count(_ findings: [BehaviorFinding]) -> JSONValue { .integer(Int64(findings.count)) }

  private static func rate(_ findings: [BehaviorFinding]) -> JSONValue {
    .number(findings.isEmpty ? 0 : Double(findings.count(where: \.isDetected)) / Double(findings.count))
  }
}
