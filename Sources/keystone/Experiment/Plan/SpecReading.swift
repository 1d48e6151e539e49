package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSpec

/// Reads specs and checks them against the host's schema, the plugins' schemas and the plugins' own `validate`.
package enum SpecReading {
  /// A file's spec, when it can be used, and every problem found.
  package static func read(_ file: String, registry: PluginRegistry) async -> (
    spec: Spec?, diagnostics: [SpecDiagnostic]
  ) {
    let bytes: [UInt8]
    do {
      bytes = try SpecFile.read(file).bytes
    } catch {
      return (nil, [error])
    }
    return await check(bytes, file: file, registry: registry)
  }

  /// The spec in `bytes`, when it can be used, and every problem found; `file` is its name in diagnostics.
  package static func check(
    _ bytes: [UInt8], file: String, registry: PluginRegistry
  ) async -> (spec: Spec?, diagnostics: [SpecDiagnostic]) {
    let (spec, diagnostics) = schema(registry).check(bytes, file: file)
    guard let spec, !diagnostics.contains(where: { $0.severity == .error }) else { return (nil, diagnostics) }
    let found = await validate(spec, registry: registry)
    let isUsable = !found.contains { $0.severity == .error }
    return (isUsable ? spec : nil, diagnostics + found)
  }

  /// The schema with the types of all plugins.
  package static func schema(_ registry: PluginRegistry) -> SpecSchema {
    // The owner of a plain name comes first, because the first of two types of one name has it.
    let (owners, others) = registry.types.reduce(into: ([InstalledType](), [InstalledType]())) { lists, type in
      let owner = registry.type(type.descriptor.point, type.descriptor.type)
      if owner?.plugin == type.plugin { lists.0.append(type) } else { lists.1.append(type) }
    }
    return SpecSchema(
      types: (owners + others).map { type in
        TypeSchema(
          point: type.descriptor.point, type: type.descriptor.type, description: type.descriptor.description,
          parameters: type.descriptor.parameters, plugin: type.plugin)
      }, absence: { registry.explanation($0, $1) })
  }

  /// Asks each plugin about the parameters the spec has for it.
  private static func validate(_ spec: Spec, registry: PluginRegistry) async -> [SpecDiagnostic] {
    var uses: [(ParameterReference, String, JSONValue)] = []
    if let agent = spec.agent { uses.append((.agent, agent.type, agent.parameters)) }
    uses += spec.fixtures.enumerated().map { (.fixture($0), $1.type, $1.parameters) }
    uses += spec.invariants.map { (.invariant($0.name), $0.type, $0.parameters) }
    uses += spec.forbidden.map { (.forbidden($0.type), $0.type, $0.parameters) }
    uses += spec.alerts.enumerated().map { (.notifier($0), $1.notifier, $1.parameters) }
    var diagnostics: [SpecDiagnostic] = []
    for (reference, name, parameters) in uses {
      guard let type = registry.type(reference.point, name), type.descriptor.capabilities.contains("validate") else {
        continue
      }
      diagnostics += await problems(of: type, parameters, registry).map {
        spec.diagnostic(for: reference, path: $0.path, message: $0.message)
      }
    }
    return diagnostics
  }

  /// What a plugin says against parameters.
  package static func problems(
    of type: InstalledType, _ parameters: JSONValue, _ registry: PluginRegistry
  ) async -> [PluginError.Diagnostic] {
    let body: JSONValue = ["type": .string(type.descriptor.type), "parameters": parameters]
    do {
      let answer = try await registry.call(
        type, "validate", body.bytes, budget: .seconds(10))
      return try JSONValueDecoder().decode(ValidateReply.self, from: JSONValue(parsing: answer)).problems
    } catch {
      let error = PluginError(error)
      if error.code == .unsupported { return [] }
      return error.diagnostics.isEmpty ? [PluginError.Diagnostic(path: "$", message: error.message)] : error.diagnostics
    }
  }
}
