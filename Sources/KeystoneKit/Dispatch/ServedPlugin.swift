/// One type of a plugin, as the boundary reaches it.
protocol TypeDispatcher: Sendable {
  var descriptor: TypeDescriptor { get }

  /// Serves one operation, such as `evaluate`.
  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8]
}

/// A plugin that is connected to a host: finds the type a call is meant for.
final class ServedPlugin: Sendable {
  private let plugin: Plugin
  private let configuration = Locked(PluginConfiguration())

  init(_ plugin: Plugin) { self.plugin = plugin }

  func serve(_ call: IncomingCall) async throws -> [UInt8] {
    guard let dot = call.method.lastIndex(of: ".") else { throw Self.unsupported(call.method) }
    let interface = call.method[..<dot]
    let operation = String(call.method[call.method.index(after: dot)...])
    if interface == "keystone.plugin/1" { return try serveItself(operation, call) }
    guard let point = ExtensionPoint.allCases.first(where: { $0.interface == interface }) else {
      throw Self.unsupported(call.method)
    }
    let body = try JSONValue(parsing: call.body)
    guard let type = body["type"]?.string, let dispatcher = plugin.dispatcher(point, type: type) else {
      throw PluginError(
        .notFound, "plugin \(plugin.descriptor.name) has no \(point.rawValue) type `\(body["type"]?.string ?? "")`")
    }
    let host = HostConnection(
      session: call.session, parent: call.id, configuration: configuration.withLock { $0 })
    return try await dispatcher.serve(operation, body, call: call, host: host)
  }

  private func serveItself(_ operation: String, _ call: IncomingCall) throws -> [UInt8] {
    switch operation {
    case "describe": return try encoded(plugin.descriptor)
    case "configure":
      let request = try JSONValueDecoder().decode(ConfigureRequest.self, from: JSONValue(parsing: call.body))
      configuration.withLock {
        $0 = PluginConfiguration(
          settings: request.settings, stateFolder: request.stateFolder, cacheFolder: request.cacheFolder)
      }
      return try encoded(Empty())
    default: throw Self.unsupported(call.method)
    }
  }

  static func unsupported(_ method: String) -> PluginError {
    PluginError(.unsupported, "this plugin, built with KeystoneKit \(keystoneKitVersion), has no method \(method)")
  }
}

func encoded(_ value: some Encodable) throws -> [UInt8] { try JSONValueEncoder().encode(value).bytes }

func decoded<T: Decodable>(_ type: T.Type = T.self, _ value: JSONValue) throws -> T {
  try JSONValueDecoder().decode(T.self, from: value)
}

/// The parameters in a request, decoded; what does not fit is the request's fault.
func parameters<P: ParameterSet>(_ type: P.Type, in body: JSONValue) throws -> P {
  do {
    return try JSONValueDecoder().decode(P.self, from: body["parameters"] ?? [:])
  } catch let error as DecodingError {
    throw PluginError(.invalid, "the parameters do not fit: \(error.sentence)")
  }
}

/// Serves `validate`, which all types have.
func validated<T: PluginType>(_ instance: T, _ body: JSONValue) async throws -> [UInt8] {
  let problems = try await instance.validate(try parameters(T.Parameters.self, in: body))
  return try encoded(ValidateReply(problems: problems))
}
