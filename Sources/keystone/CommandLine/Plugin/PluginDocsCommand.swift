import ArgumentParser
import KeystoneKit
import KeystonePluginHost

/// The command `keystone plugin docs`.
struct PluginDocsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs", abstract: "Prints a reference page of every installed type.")

  @Option(help: "How to print: markdown or man.") var format: PageFormat = .markdown
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    let page = ReferencePage(registry)
    switch format {
    case .markdown: Terminal.show(page.markdown)
    case .man: Terminal.show(page.man)
    }
    await registry.shutdown()
  }

  /// How the page is written.
  enum PageFormat: String, ExpressibleByArgument { case markdown, man }
}

/// A page about every type that specs can use here.
struct ReferencePage {
  private struct Entry {
    var title: String
    var summary: String
    var provenance: String
    var parameters: [Row]
    var settings: [Row]
  }

  private struct Row {
    var name: String
    var kind: String
    var notes: String
    var text: String
  }

  private static let headings: [(ExtensionPoint, String)] = [
    (.runtime, "Runtimes"), (.fixture, "Fixtures"), (.agent, "Agents"), (.invariant, "Invariants"),
    (.forbidden, "Forbidden rules"), (.notifier, "Notifiers"),
  ]

  private let sections: [(title: String, entries: [Entry])]

  init(_ registry: PluginRegistry) {
    sections = Self.headings.map { point, title in
      let types = registry.types.filter { $0.descriptor.point == point }.sorted {
        ($0.descriptor.type, $0.plugin) < ($1.descriptor.type, $1.plugin)
      }
      return (title, types.map { Self.entry($0, registry) })
    }.filter { !$0.entries.isEmpty }
  }

  private static func entry(_ type: InstalledType, _ registry: PluginRegistry) -> Entry {
    let plugin = registry.plugins.first { $0.descriptor.name == type.plugin }
    let owner = registry.type(type.descriptor.point, type.descriptor.type)?.plugin
    return Entry(
      title: owner == type.plugin ? type.descriptor.type : type.qualifiedName, summary: type.descriptor.description,
      provenance:
        "plugin \(type.plugin) \(type.version), \(plugin?.home.rawValue ?? ""), sha256 \(type.digest.prefix(12))…",
      parameters: rows(type.descriptor.parameters),
      settings: (plugin?.descriptor.settings ?? []).map { setting in
        let ways = [setting.flag.map { "-\($0)" }, setting.environment.map { "$\($0)" }].compactMap { $0 }
        return Row(
          name: setting.name, kind: setting.type.rawValue, notes: ways.joined(separator: ", "),
          text: setting.description)
      })
  }

  private static func rows(_ schema: JSONValue) -> [Row] {
    if let choices = schema["oneOf"]?.array ?? schema["anyOf"]?.array {
      return choices.flatMap { choice in
        choice["properties"] == nil
          ? [
            Row(
              name: "(in short)", kind: PluginReport.kind(of: choice), notes: "",
              text: choice["description"]?.string ?? "")
          ]
          : rows(choice)
      }
    }
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    return (schema["properties"]?.object ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      var notes = required.contains(name) ? ["required"] : []
      if let standard = value["default"], standard != .null { notes.append("default \(standard.text)") }
      if let example = value["examples"]?.array?.first { notes.append("such as \(example.text)") }
      return Row(
        name: name, kind: PluginReport.kind(of: value), notes: notes.joined(separator: ", "),
        text: value["description"]?.string ?? "")
    }
  }

  // MARK: Markdown

  var markdown: String {
    var lines = ["# Types installed here", ""]
    for section in sections {
      lines += ["## \(section.title)", ""]
      for entry in section.entries {
        lines += ["### `\(entry.title)`", "", entry.summary, "", "*\(entry.provenance)*", ""]
        lines += Self.table("Parameter", entry.parameters)
        lines += Self.table("Setting of the operator", entry.settings)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func table(_ title: String, _ rows: [Row]) -> [String] {
    guard !rows.isEmpty else { return [] }
    let lines = rows.map { row in
      "| "
        + ["`\(row.name)`", row.kind, row.notes, row.text].map { cell in
          cell.replacing("|", with: "\\|").replacing("\n", with: " ")
        }.joined(separator: " | ") + " |"
    }
    return ["| \(title) | Type | | |", "|---|---|---|---|"] + lines + [""]
  }

  // MARK: man

  var man: String {
    var lines = [".TH KEYSTONE-PLUGINS 7", ".SH NAME", "keystone-plugins \\- types installed here"]
    for section in sections {
      lines.append(".SH \(section.title.uppercased())")
      for entry in section.entries {
        lines += [
          ".SS \(Self.escaped(entry.title))", Self.escaped(entry.summary), ".br", Self.escaped(entry.provenance),
        ]
        for row in entry.parameters + entry.settings {
          let notes = [row.kind, row.notes].filter { !$0.isEmpty }.joined(separator: ", ")
          lines += [".TP", ".B \(Self.escaped(row.name))", Self.escaped("(\(notes)) \(row.text)")]
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Text that roff prints as it is.
  private static func escaped(_ text: String) -> String {
    let text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\n", with: " ")
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }
}
