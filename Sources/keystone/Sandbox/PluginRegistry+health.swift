package import KeystoneKit
package import KeystonePluginHost

extension PluginRegistry {
  /// Whether a runtime can be used now, and why.
  package func health(of runtime: InstalledType) async -> RuntimeHealth {
    do {
      let body: JSONValue = ["type": .string(runtime.descriptor.type)]
      let answer = try await call(runtime, "health", body.bytes, budget: .seconds(20))
      return try JSONValueDecoder().decode(RuntimeHealth.self, from: JSONValue(parsing: answer))
    } catch {
      return RuntimeHealth(isHealthy: false, reason: PluginError(error).message)
    }
  }
}
