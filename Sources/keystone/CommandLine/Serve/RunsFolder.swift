import FoundationEssentials

/// Where whole outputs and audit logs lie, a folder for each experiment.
enum RunsFolder {
  /// Removes those of experiments that are gone.
  static func remove(_ experiments: [String], in dataFolder: String) {
    for id in experiments where !id.contains("/") {
      try? FileManager.default.removeItem(atPath: "\(dataFolder)/runs/\(id)")
    }
  }
}
