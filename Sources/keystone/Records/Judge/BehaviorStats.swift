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
    let detected = findings.filter(\.isDetected)
    var json: [String: JSONValue] = ["behavior_id": .string(behavior), "range": .string(range)]
    json["evaluated"] = count(findings)
    json["detected"] = count(detected)
    json["detection_rate"] = rate(findings)
    json["series"] = .array(days(findings))
    json["options"] = .array(options(findings))
    json["samples"] = .array(detected.prefix(20).map(sample))
    return .object(json)
  }

  private static func days(_ findings: [BehaviorFinding]) -> [JSONValue] {
    let days = Dictionary(grouping: findings) { String($0.createdAt.prefix(10)) }
    return days.sorted { $0.key < $1.key }.map { date, all -> JSONValue in
      ["date": .string(date), "evaluated": count(all), "detected": count(all.filter(\.isDetected))]
    }
  }

  private static func options(_ findings: [BehaviorFinding]) -> [JSONValue] {
    let options = Dictionary(grouping: findings.filter { $0.option != nil }) { $0.option ?? "" }
    return options.sorted { $0.key < $1.key }.map { name, all -> JSONValue in
      ["name": .string(name), "count": count(all), "rate": .number(Double(all.count) / Double(findings.count))]
    }
  }

  private static func sample(_ finding: BehaviorFinding) -> JSONValue {
    let option: JSONValue = finding.option.map { .string($0) } ?? .null
    return [
      "trace_id": .string(finding.trace), "option": option, "reason": .string(finding.reason),
      "ts": .string(finding.createdAt),
    ]
  }

  private static func count(_ findings: [BehaviorFinding]) -> JSONValue { .integer(Int64(findings.count)) }

  private static func rate(_ findings: [BehaviorFinding]) -> JSONValue {
    .number(findings.isEmpty ? 0 : Double(findings.count(where: \.isDetected)) / Double(findings.count))
  }
}
