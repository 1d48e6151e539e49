public import KeystoneKit
internal import KeystoneRecords
public import KeystoneSpec

extension SQLiteStore {
  /// The parameters of every dataset row that a spec iterates, in document order; `nil` when it names no dataset.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when the workspace lacks a dataset or a version of it, `conflict` when
  ///   there is no row at all.
  public func datasetRows(of spec: Spec, in workspace: String) async throws -> [[String: JSONValue]]? {
    guard !spec.datasets.isEmpty else { return nil }
    var rows: [[String: JSONValue]] = []
    for wanted in spec.datasets {
      guard let dataset = try await dataset(wanted.id, in: workspace) else {
        throw StoreFailure(.notFound, "There is no dataset `\(wanted.id)` in this workspace; the spec iterates it.")
      }
      if let version = wanted.version, version > dataset.version {
        throw StoreFailure(
          .notFound, "The dataset `\(wanted.id)` has no version \(version); its newest is \(dataset.version).")
      }
      let records = try await records(
        of: dataset.id, version: wanted.version, tags: wanted.tags, limit: wanted.limit ?? .max)
      rows += records.map { record in
        var parameters = record.parameters
        parameters["record_id"] = .string(record.id)
        return parameters
      }
    }
    guard !rows.isEmpty else {
      throw StoreFailure(
        .conflict, "The datasets of the spec have no records that it wants; add some, or change `tags`.")
    }
    return rows
  }
}
