package import KeystoneKit
package import KeystoneSpec

/// The scenarios of an experiment: matrix entries times dataset rows times replicas.
package enum ExperimentPlan {
  /// The most scenarios of one experiment.
  package static let most = 100_000

  /// Expands a spec into scenarios, in document order, replicas of a cell one after another.
  ///
  /// A cell is a matrix entry with a dataset row; a value of the entry wins over a field of the row with the same name.
  ///
  /// - Parameters:
  ///   - spec: The checked spec.
  ///   - replicas: Replaces `parallelism.replicas` when given.
  ///   - rows: The parameters of each dataset row; `nil` when the spec names no dataset.
  ///   - seed: The experiment's seed. The replica with the same number has the same seed in every cell, so
  ///     that cells are compared under equal conditions.
  /// - Returns: One scenario at least, unless there is no row.
  package static func scenarios(
    _ spec: Spec, replicas: Int?, rows: [[String: JSONValue]]? = nil, seed: Int64
  ) -> [PlannedScenario] {
    let entries = spec.parallelism.matrix.isEmpty ? [[:]] : spec.parallelism.matrix
    let cells = entries.flatMap { entry in (rows ?? [[:]]).map { entry.merging($0) { own, _ in own } } }
    let count = replicas ?? spec.parallelism.replicas
    return cells.enumerated().flatMap { cell, parameters in
      (0..<count).map { replica in
        PlannedScenario(
          id: "c\(cell + 1)-r\(replica + 1)", ordinal: cell * count + replica, cell: cell, replica: replica,
          parameters: parameters, seed: Self.seed(seed, replica: replica))
      }
    }
  }

  /// The seed of a replica: the experiment's own for the first, then 31 bits of SplitMix64, so that every
  /// consumer, a 32-bit `srand` included, takes it whole.
  static func seed(_ seed: Int64, replica: Int) -> Int64 {
    guard replica > 0 else { return seed }
    var state = UInt64(bitPattern: seed) &+ UInt64(replica) &* 0x9E37_79B9_7F4A_7C15
    state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int64((state ^ (state >> 31)) >> 33)
  }
}
