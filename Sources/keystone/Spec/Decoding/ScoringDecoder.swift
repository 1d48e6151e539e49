import KeystoneKit

/// Decodes scoring and repetition.
enum ScoringDecoder {
  static func scoring(_ node: YAMLNode?) -> SpecScoring {
    let aggregation = node?["replica_aggregation"]
    let rate = aggregation?["min_pass_rate"]?.double
    let rule: SpecAggregation =
      switch aggregation?["strategy"]?.text {
      case "majority": .majority
      case "percentage": .percentage(minPassRate: rate ?? 1)
      default: .allMustPass
      }
    return SpecScoring(passThreshold: node?["pass_threshold"]?.double ?? 1, aggregation: rule)
  }

  static func parallelism(_ node: YAMLNode?) -> SpecParallelism {
    SpecParallelism(
      replicas: node?["replicas"]?.int ?? 1,
      matrix: (node?["matrix"]?.items ?? []).compactMap(\.json.object),
      concurrency: node?["concurrency"]?.int)
  }

  static func dataset(_ node: YAMLNode) -> SpecDataset {
    SpecDataset(
      id: node.text ?? node["id"]?.text ?? "", version: node["version"]?.int, tags: node["tags"]?.texts ?? [],
      limit: node["limit"]?.int)
  }
}
