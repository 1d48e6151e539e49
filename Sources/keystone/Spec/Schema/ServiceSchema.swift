import KeystoneKit

/// The schemas of services and secrets.
enum ServiceSchema {
  /// A service is an image, or with `type: http_mock` the host's own responder.
  static let service: JSONValue = ["oneOf": [image, httpMock]]

  private static let name = Shape.text("The service's name in DNS.", format: .serviceName, examples: ["db"])
  private static let ports = Shape.list("The ports it answers on.", of: Shape.whole("A port.", from: 1, to: 65_535))

  static let image = Shape.map(
    "A service that runs from an image.",
    [
      "name": name, "ports": ports,
      "image": Shape.text("The image reference.", examples: ["postgres:16"]),
      "env": Shape.environment("The container's environment."),
      "wait_for": Shape.text("A shell command that succeeds inside once the service is ready."),
    ], required: ["name", "image"])

  static let httpMock = Shape.map(
    "A scripted HTTP responder.",
    [
      "name": name, "ports": ports,
      "type": ["type": "string", "const": "http_mock", "description": "The host's own responder, without an image."],
      "default_response": Shape.whole(
        "The status of requests that match no route.", from: 100, to: 599, default: 200),
      "record": Shape.flag("Whether requests are kept for later assertions."),
      "routes": Shape.list("The routes; the first that matches answers.", of: route),
    ], required: ["name", "type"])

  private static let route = Shape.map(
    "One answer.",
    [
      "method": Shape.text("The request method; every method when absent.", examples: ["POST"]),
      "path": Shape.text(
        "The request path; `{name}` and `*` stand for one segment, `**` for any number.", format: .urlPath,
        examples: ["/v1/charge", "/v1/charges/{id}"]),
      "response": ["description": "The body: a string stands for itself, anything else is sent as JSON."],
      "status": Shape.whole("The status.", from: 100, to: 599, default: 200),
      "headers": [
        "type": "object", "description": "Response headers.",
        "additionalProperties": ["type": ["string", "number", "boolean"]],
      ],
      "delay": Shape.quantity("How long the answer is held back.", .duration, examples: ["2s", "150ms"]),
      "fault": Shape.choice("What happens instead of an answer.", SpecHTTPFault.allCases.map(\.rawValue)),
      "times": Shape.whole("How many requests the route answers; all when absent.", from: 1),
    ], required: ["path"])

  static let secret: JSONValue = [
    "oneOf": [
      Shape.text("The name of an environment variable of the caller.", format: .environmentName),
      Shape.map(
        "A secret and where its value comes from.",
        [
          "name": Shape.text("The environment variable in the sandbox.", format: .environmentName),
          "source": Shape.text("Where the caller finds the value.", format: .secretSource, examples: ["env"]),
          "from": Shape.text("A value that the spec owns.", format: .secretLiteral, examples: ["generated"]),
          "scope": Shape.map(
            "Where else the value goes.",
            ["file_template": Shape.text("A file that the value is written to.", format: .workspacePath)]),
        ], required: ["name"]),
    ]
  ]
}
