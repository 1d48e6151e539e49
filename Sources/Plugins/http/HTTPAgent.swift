public import KeystoneKit

/// Sends the task to an agent that is a web service.
struct HTTPAgent: Agent {
  struct Parameters: ParameterSet {
    @Parameter("URL the task is sent to.", examples: ["https://api.example.com/agent/run"]) var endpoint: String
    @Parameter("How the request says who sends it.") var auth: Authentication?
    @Parameter("Further header fields.") var headers: [String: String] = [:]
    @Parameter("HTTP method.", oneOf: ["POST", "PUT", "PATCH"]) var method = "POST"
  }

  static let type = "http"
  static let summary = "Sends the task as JSON to an HTTP endpoint and takes its answer as the output."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    var problems = parameters.auth?.diagnostics(at: "$.auth") ?? []
    let isTemplate = parameters.endpoint.hasPrefix("{{")
    if !isTemplate, !["http://", "https://"].contains(where: parameters.endpoint.lowercased().hasPrefix) {
      problems.append(.init(path: "$.endpoint", message: "`\(parameters.endpoint)` is no http or https URL"))
    }
    return problems
  }

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    var task = try await context.taskDocument()
    if let model = context.model { task["model"] = .string(model) }
    let headers =
      [HTTPHeader("Content-Type", "application/json")] + (parameters.auth?.headers ?? [])
      + parameters.headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value) }
    let response = try await context.send(
      HTTPRequest(method: parameters.method, url: parameters.endpoint, headers: headers, body: task.text))
    guard (200..<300).contains(response.status) else {
      throw PluginError(
        .unavailable,
        "the agent at \(parameters.endpoint) answered \(response.status): \(response.body.prefix(500))",
        detail: response.body, retryable: response.status >= 500 || response.status == 429)
    }
    return AgentResult(output: Self.output(of: response.body))
  }

  /// The member `output` of a JSON object, or else the whole body.
  static func output(of body: String) -> String {
    guard let output = (try? JSONValue(parsing: body))?["output"] else { return body }
    return output.string ?? output.text
  }
}

/// How a request proves who sends it.
struct Authentication: ParameterSet {
  @Parameter("A bearer token.", examples: ["{{ secrets.API_KEY }}"]) var bearer: String?
  @Parameter("User and password for basic authentication, as `user:password`.") var basic: String?
  @Parameter("The name of a header field of your own, together with `value`.") var header: String?
  @Parameter("The value of `header`.") var value: String?

  var headers: [HTTPHeader] {
    if let bearer { return [HTTPHeader("Authorization", "Bearer \(bearer)")] }
    if let basic { return [HTTPHeader("Authorization", "Basic \(Base64.encode(Array(basic.utf8)))")] }
    if let header, let value { return [HTTPHeader(header, value)] }
    return []
  }

  func diagnostics(at path: String) -> [PluginError.Diagnostic] {
    let ways = [bearer != nil, basic != nil, header != nil && value != nil].filter(\.self).count
    if ways == 1, (header == nil) == (value == nil) { return [] }
    return [.init(path: path, message: "give exactly one of `bearer`, `basic`, or `header` with `value`")]
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("http", version: "1.0.0", HTTPAgent.self).export(to: host)
}
