import KeystoneKit
import KeystonePluginHost

/// What `keystone plugin list` and `keystone plugin show` print.
enum PluginReport {
  // MARK: list

  static func list(_ registry: PluginRegistry) -> String {
    let rows = sortedTypes(registry).map { type in
      [
        type.descriptor.point.rawValue, name(of: type, registry), "\(type.plugin) \(type.version)",
        home(of: type, registry), type.file,
      ]
    }
    var text = table([["POINT", "TYPE", "PLUGIN", "HOME", "FILE"]] + rows)
    if !registry.refusals.isEmpty {
      text += "\nrefused:\n" + registry.refusals.map { "  \($0.reason)\n" }.joined()
    }
    return text
  }

  static func listJSON(_ registry: PluginRegistry) -> JSONValue {
    [
      "types": .array(
        sortedTypes(registry).map { type in
          [
            "point": .string(type.descriptor.point.rawValue), "type": .string(name(of: type, registry)),
            "qualified_name": .string(type.qualifiedName), "plugin": .string(type.plugin),
            "version": .string(type.version), "file": .string(type.file), "sha256": .string(type.digest),
            "home": .string(home(of: type, registry)), "description": .string(type.descriptor.description),
          ]
        }),
      "refused": .array(
        registry.refusals.map { refusal in
          var members: [String: JSONValue] = ["file": .string(refusal.file), "reason": .string(refusal.reason)]
          members["plugin"] = refusal.plugin.map { .string($0) }
          members["type"] = refusal.type.map { .string($0) }
          return .object(members)
        }),
    ]
  }

  private static func sortedTypes(_ registry: PluginRegistry) -> [InstalledType] {
    registry.types.sorted {
      ($0.descriptor.point.rawValue, $0.descriptor.type, $0.plugin)
        < ($1.descriptor.point.rawValue, $1.descriptor.type, $1.plugin)
    }
  }

  /// The plain name where it means this type, else the qualified one.
  private static func name(of type: InstalledType, _ registry: PluginRegistry) -> String {
    let owner = registry.type(type.descriptor.point, type.descriptor.type)
    return owner?.plugin == type.plugin ? type.descriptor.type : type.qualifiedName
  }

  private static func home(of type: InstalledType, _ registry: PluginRegistry) -> String {
    registry.plugins.first { $0.descriptor.name == type.plugin }?.home.rawValue ?? ""
  }

  private static func table(_ rows: [[String]]) -> String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        column == columns - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
      }.joined() + "\n"
    }.joined()
  }

  // MARK: show

  static func show(_ type: InstalledType, _ registry: PluginRegistry) -> String {
    var lines = [
      "\(type.descriptor.point.rawValue) \(name(of: type, registry)): \(type.descriptor.description)", "",
      "  plugin   \(type.plugin) \(type.version), \(home(of: type, registry))",
      "  file     \(type.file)", "  sha256   \(type.digest)",
    ]
    if !type.descriptor.sources.isEmpty {
      lines.append("  needs    \(type.descriptor.sources.map(\.rawValue).joined(separator: ", ")) to be observed")
    }
    lines += ["", "parameters:"] + parameterLines(type.descriptor.parameters)
    let settings = registry.plugins.first { $0.descriptor.name == type.plugin }?.descriptor.settings ?? []
    if !settings.isEmpty { lines += ["", "settings of the operator:"] + settings.map(settingLine) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func parameterLines(_ schema: JSONValue) -> [String] {
    if let choices = schema["oneOf"]?.array ?? schema["anyOf"]?.array {
      return choices.enumerated().flatMap { index, choice in
        (index == 0 ? [] : ["  or:"]) + parameterLines(choice)
      }
    }
    guard let properties = schema["properties"]?.object else {
      return ["  \(kind(of: schema))\(schema["description"]?.string.map { ": \($0)" } ?? "")"]
    }
    if properties.isEmpty { return ["  none"] }
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    return properties.sorted { $0.key < $1.key }.map { key, value in
      var notes: [String] = []
      if required.contains(key) { notes.append("required") }
      if let standard = value["default"], standard != .null { notes.append("default \(standard.text)") }
      if let minimum = value["minimum"] { notes.append("at least \(minimum.text)") }
      if let maximum = value["maximum"] { notes.append("at most \(maximum.text)") }
      if let values = value["enum"]?.array { notes.append("one of \(values.map(\.text).joined(separator: ", "))") }
      let note = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
      return "  \(key): \(kind(of: value))\(note)\n      \(value["description"]?.string ?? "")"
    }
  }

  static func kind(of schema: JSONValue) -> String {
    let names = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? []
    let name = names.filter { $0 != "null" }.joined(separator: " or ")
    if name == "array", let items = schema["items"] { return "array of \(kind(of: items))" }
    return name.isEmpty ? "any" : name
  }

  /// The settings of all plugins, as help shows them.
  static func settings(_ registry: PluginRegistry) -> String {
    let settings = registry.plugins.flatMap(\.descriptor.settings).filter { $0.flag != nil }
    return settings.map { settingLine($0) + "\n" }.joined()
  }

  private static func settingLine(_ setting: Setting) -> String {
    var ways: [String] = []
    if let flag = setting.flag { ways.append("-\(flag)") }
    if let variable = setting.environment { ways.append("$\(variable)") }
    let standard = setting.default.map { $0 == .null ? "" : " (default \($0.text))" } ?? ""
    return
      "  \(setting.name): \(ways.joined(separator: ", "))\(setting.secret ? ", secret" : "")\(standard)\n      \(setting.description)"
  }

  static func showJSON(_ type: InstalledType, _ registry: PluginRegistry) -> JSONValue {
    let plugin = registry.plugins.first { $0.descriptor.name == type.plugin }
    let settings = (plugin?.descriptor.settings ?? []).compactMap { try? JSONValueEncoder().encode($0) }
    return [
      "point": .string(type.descriptor.point.rawValue), "type": .string(name(of: type, registry)),
      "qualified_name": .string(type.qualifiedName), "description": .string(type.descriptor.description),
      "parameters": type.descriptor.parameters, "plugin": .string(type.plugin), "version": .string(type.version),
      "file": .string(type.file), "sha256": .string(type.digest), "home": .string(home(of: type, registry)),
      "sources": .array(type.descriptor.sources.map { .string($0.rawValue) }), "settings": .array(settings),
    ]
  }
}
