import KeystoneKit

/// Which type a name in a spec means.
struct TypeNames: Sendable {
  private struct Key: Hashable {
    var point: ExtensionPoint
    var name: String
  }

  /// A type that is known but whose plugin cannot be used.
  struct Absent: Sendable {
    /// The extension point; `nil` when only the name is known.
    var point: ExtensionPoint?
    var type: String
    /// One sentence that ends in what to do.
    var reason: String
  }

  let types: [InstalledType]
  let refusals: [PluginRefusal]
  private let plain: [Key: InstalledType]
  private let qualified: [Key: InstalledType]
  private let absent: [Absent]

  init(_ discovery: Discovery.Outcome, _ installation: Installation) {
    types = discovery.plugins.flatMap { plugin in plugin.descriptor.types.map { InstalledType($0, of: plugin) } }
    var plain: [Key: InstalledType] = [:]
    var refusals: [PluginRefusal] = []
    for type in types {
      let key = Key(point: type.descriptor.point, name: type.descriptor.type)
      guard let first = plain[key] else {
        plain[key] = type
        continue
      }
      let isPreferred = discovery.records.preferred(key.point, key.name) == type.plugin
      if isPreferred { plain[key] = type }
      refusals.append(isPreferred ? Self.refusal(of: first, for: type) : Self.refusal(of: type, for: first))
    }
    qualified = Dictionary(
      types.map { (Key(point: $0.descriptor.point, name: $0.qualifiedName), $0) },
      uniquingKeysWith: { first, _ in first })
    self.plain = plain
    self.refusals = refusals
    absent = discovery.absent
  }

  func find(_ point: ExtensionPoint, _ name: String) -> InstalledType? {
    let key = Key(point: point, name: name)
    return plain[key] ?? qualified[key]
  }

  func explanation(_ point: ExtensionPoint, _ name: String) -> String? {
    guard find(point, name) == nil else { return nil }
    let plain = name.split(separator: "/").last.map(String.init) ?? name
    let candidates = absent.filter { $0.type == plain && ($0.point ?? point) == point }
    return (candidates.first { $0.point != nil } ?? candidates.first)?.reason
  }

  private static func refusal(of second: InstalledType, for first: InstalledType) -> PluginRefusal {
    let (point, type) = (second.descriptor.point.rawValue, second.descriptor.type)
    return PluginRefusal(
      file: second.file, plugin: second.plugin, type: type,
      reason: "the \(point) type `\(type)` is provided by plugin \(first.plugin) (\(first.file)) and by plugin "
        + "\(second.plugin) (\(second.file)), and the first has the name: write `\(second.qualifiedName)` in specs, or "
        + "run `keystone plugin prefer \(type) \(second.plugin)`")
  }
}
