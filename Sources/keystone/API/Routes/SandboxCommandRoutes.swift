internal import KeystoneKit
internal import KeystoneSandbox

/// Commands that are run in a sandbox, and what happens in it as a stream.
struct SandboxCommandRoutes: RouteGroup {
  let finder: SandboxFinder

  var routes: [Route] { [run, events] }

  private struct Wanted: Decodable {
    var command: String
    var timeout: RequestTimeout?
    var background: Bool?
  }

  private var run: Route {
    Route(
      .post, "/v1/sandboxes/{sandbox_id}/commands", access: .sandbox,
      RouteDescription(
        "sandboxes", "Runs a line with sh -c in the workspace and answers when it has ended, however it ended.",
        body: .json("CommandRequest"), answers: [.init(200, "What it did.", .json("CommandResult"))],
        errors: [.conflict, .unprocessable])
    ) { request in
      let wanted: Wanted = try await request.decode()
      let (sandbox, live) = try finder.live(request)
      guard !wanted.command.isEmpty, !wanted.command.utf8.contains(0) else {
        throw APIError(.invalid, "`command` must be a shell line.")
      }
      sandbox.becomeRunning()
      let timeout = wanted.timeout?.duration
      guard wanted.background != true else {
        Task {
          do {
            _ = try await live.runCommand(wanted.command, timeout: timeout)
          } catch {
            sandbox.events.add("warning", ["message": .string(live.redacted(PluginError(error).message))])
          }
        }
        return .json(Self.json(wanted.command, CommandReport.none, isBackground: true))
      }
      return .json(Self.json(wanted.command, try await live.runCommand(wanted.command, timeout: timeout)))
    }
  }

  private static func json(_ line: String, _ report: CommandReport, isBackground: Bool = false) -> JSONValue {
    let status = report.status
    // As a shell says it: 128 and the signal's number, and 124 as timeout(1) does.
    let code = status.timedOut ? 124 : status.exitCode ?? 128 + (status.signal ?? 0)
    var members: [String: JSONValue] = [
      "command": .string(line), "stdout": .string(report.output), "stderr": .string(report.errorOutput),
      "exit_code": .integer(Int64(code)), "duration_ms": .integer(Int64(status.durationMilliseconds)),
    ]
    if status.timedOut { members["timed_out"] = true }
    if let signal = status.signal { members["signal"] = .integer(Int64(signal)) }
    if isBackground { members["background"] = true }
    return .object(members)
  }

  private var events: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}/events", access: .sandbox,
      RouteDescription(
        "sandboxes", "What happens in a sandbox, from its beginning to its end, as server-sent events.",
        query: [.init("token", "The API key, for clients that cannot send headers.")],
        answers: [
          .init(200, "The events.", .text("text/event-stream")), .init(204, "There is nothing after the last event."),
        ])
    ) { request in
      let sandbox = try finder.sandbox(request)
      let last = request.header("Last-Event-ID").flatMap { Int($0) } ?? 0
      // An EventSource that comes again after the end is told to stay away.
      if last > 0, sandbox.events.isOver(after: last) { return .empty }
      var response = APIResponse.stream(type: "text/event-stream") { body in
        try await sandbox.events.follow(after: last) { entry in
          let frame = entry.map { "id: \($0.number)\ndata: \($0.event.text)\n\n" } ?? ": still here\n\n"
          try await body.write(Array(frame.utf8))
        }
      }
      response.headers.append(("cache-control", "no-store"))
      return response
    }
  }

  var schemas: [String: JSONValue] {
    [
      "CommandRequest": [
        "type": "object", "required": ["command"],
        "properties": [
          "command": ["type": "string", "minLength": 1], "timeout": RequestTimeout.schema,
          "background": ["type": "boolean", "description": "Answers at once and lets the command run."],
        ],
      ],
      "CommandResult": [
        "type": "object", "required": ["command", "stdout", "stderr", "exit_code", "duration_ms"],
        "properties": [
          "command": ["type": "string"], "stdout": ["type": "string"], "stderr": ["type": "string"],
          "exit_code": ["type": "integer"], "duration_ms": ["type": "integer"], "timed_out": ["type": "boolean"],
          "signal": ["type": "integer"], "background": ["type": "boolean"],
        ],
      ],
    ]
  }
}
