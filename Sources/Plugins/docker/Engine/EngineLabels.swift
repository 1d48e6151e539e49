import KeystoneKit

/// The labels of everything this plugin makes, by which it finds what a host that died has left.
struct EngineLabels: Sendable {
  static let prefix = "dev.keystone"

  let sandbox: String
  let instance: String
  /// The host's folder in which the sandbox's own lies.
  let parent: String

  /// As the engine takes them; `role` is `agent` or `service`.
  func json(role: String) -> JSONValue {
    [
      "\(Self.prefix).sandbox": .string(sandbox), "\(Self.prefix).instance": .string(instance),
      "\(Self.prefix).folder": .string(parent), "\(Self.prefix).role": .string(role),
    ]
  }

  /// A query for everything of one sandbox.
  static func filter(_ label: String, _ value: String) -> String {
    let filter: JSONValue = ["label": [.string("\(prefix).\(label)=\(value)")]]
    return "filters=\(EngineClient.escaped(filter.text))"
  }
}

extension EngineLabels {
  /// Whose something with these labels is.
  static func owner(_ labels: JSONValue) -> ExistingSandbox? {
    guard let id = labels["\(prefix).sandbox"]?.string, let instance = labels["\(prefix).instance"]?.string else {
      return nil
    }
    return ExistingSandbox(id: id, instance: instance)
  }

  /// The folder in which a sandbox's folder lies.
  static func parent(of folder: String) -> String {
    String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
  }
}
