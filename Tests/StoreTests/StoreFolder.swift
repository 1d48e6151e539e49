import Foundation
import KeystoneExperiment
import KeystoneKit
import KeystoneStore

/// A folder for one test's store, removed with this value.
final class StoreFolder: Sendable {
  let path: String
  var file: String { path + "/store/keystone.db" }

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("keystone-store-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// How many commits lie in the write-ahead log since its last reset, read from the file itself.
  func commitsInLog() throws -> Int {
    let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file + "-wal")))
    func number(_ at: Int) -> Int { log[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
    let (pageSize, salts) = (number(8), Array(log[16..<24]))
    return stride(from: 32, to: log.count, by: 24 + pageSize).count { frame in
      // The size of the database stands in the last frame of a commit only.
      Array(log[(frame + 8)..<(frame + 16)]) == salts && number(frame + 4) != 0
    }
  }
}

extension ExperimentRecord {
  /// An experiment for tests.
  static func example(_ id: String = "exp-0123456789ab") -> ExperimentRecord {
    ExperimentRecord(
      id: id, name: "Ünïcode \u{1F600}", specID: "repair", specFile: "specs/repair.yaml",
      spec: "version: 1\nid: repair\n", seed: .min, status: "created", createdAt: "2026-01-02T03:04:05Z")
  }
}

extension PlannedScenario {
  /// Scenarios `c0-r0`, `c0-r1` and so on.
  static func examples(_ count: Int) -> [PlannedScenario] {
    (0..<count).map { index in
      PlannedScenario(
        id: "c0-r\(index)", ordinal: index, cell: 0, replica: index,
        parameters: ["model": "large", "depth": .array([1, 2.5, nil, true])], seed: .max - Int64(index))
    }
  }
}
