internal import KeystoneKit
internal import KeystoneSandbox

/// The files of a sandbox, all of them at once, and what changed since it became ready.
struct SandboxFileRoutes: RouteGroup {
  let finder: SandboxFinder

  var routes: [Route] { [write, read, remove, state, diff] }

  private struct Content: Decodable {
    var path: String
    var content: String
  }

  private var write: Route {
    Route(
      .post, "/v1/sandboxes/{sandbox_id}/files", access: .sandbox,
      RouteDescription(
        "sandboxes", "Writes a text file, with its folders.", body: .json("FileContent"),
        answers: [.init(204, "It is written.")], errors: [.conflict, .unprocessable])
    ) { request in
      let file: Content = try await request.decode(upTo: 64 << 20)
      let (_, live) = try finder.live(request)
      try await live.replace(try SandboxFilePath.path(file.path), Array(file.content.utf8))
      return .empty
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}/files/{path...}", access: .sandbox,
      RouteDescription(
        "sandboxes", "Reads a file as it is.",
        answers: [.init(200, "Its bytes.", .text("application/octet-stream"))],
        errors: [.conflict, .unprocessable])
    ) { request in
      let path = try SandboxFilePath.path(request.parameter("path"))
      let (_, live) = try finder.live(request)
      let status = try await live.status(of: path)
      if status.kind == .directory {
        throw APIError(.invalid, "`\(path)` is a folder; read a file in it.")
      }
      guard status.size > 1 << 20 else {
        var bytes: [UInt8] = []
        try await live.read(path) { bytes += $0 }
        return APIResponse(
          status: 200, headers: [("content-type", "application/octet-stream")], body: .bytes(bytes))
      }
      return .stream(type: "application/octet-stream") { body in
        try await live.read(path) { try await body.write($0) }
      }
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/sandboxes/{sandbox_id}/files/{path...}", access: .sandbox,
      RouteDescription(
        "sandboxes", "Removes a file or a folder.", answers: [.init(204, "It is gone.")],
        errors: [.conflict, .unprocessable])
    ) { request in
      let path = try SandboxFilePath.path(request.parameter("path"))
      let (_, live) = try finder.live(request)
      try await live.remove(path)
      return .empty
    }
  }

  private var state: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}/state", access: .sandbox,
      RouteDescription(
        "sandboxes", "Every file of the workspace with size, mode and checksum.",
        answers: [.init(200, "The files.", .json("SandboxState"))], errors: [.conflict, .unprocessable])
    ) { request in
      let (sandbox, live) = try finder.live(request)
      let files = try await live.workspaceFiles().filter { $0.kind == .file && !SandboxFilePath.isOmitted($0.path) }
      let entries = files.map { file -> (String, JSONValue) in
        let checksum = file.size > 1 << 20 ? "" : file.sha256 ?? ""
        return (
          file.path.description,
          [
            "size": .integer(Int64(clamping: file.size)), "mode": .string(SandboxFilePath.text(ofMode: file.mode)),
            "checksum": .string(checksum),
          ]
        )
      }
      return .json([
        "sandbox_id": .string(sandbox.facts.id), "captured_at": .string(UTCClock.now()),
        "files": .object(Dictionary(entries, uniquingKeysWith: { first, _ in first })),
      ])
    }
  }

  private var diff: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}/diff", access: .sandbox,
      RouteDescription(
        "sandboxes", "What changed in the workspace since the sandbox became ready.",
        answers: [.init(200, "The changes.", .json("SandboxDiff"))], errors: [.conflict, .unprocessable])
    ) { request in
      let (sandbox, live) = try finder.live(request)
      let changes = try await live.workspaceChanges().filter { !SandboxFilePath.isOmitted($0.path) }
      func paths(_ kind: FileChange.Kind) -> JSONValue {
        .array(changes.filter { $0.kind == kind }.map { .string($0.path.description) })
      }
      return .json([
        "sandbox_id": .string(sandbox.facts.id), "added": paths(.added), "removed": paths(.removed),
        "modified": paths(.modified),
      ])
    }
  }

  var schemas: [String: JSONValue] {
    let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    return [
      "FileContent": [
        "type": "object", "required": ["path", "content"],
        "properties": ["path": ["type": "string", "minLength": 1], "content": ["type": "string"]],
      ],
      "SandboxState": [
        "type": "object", "required": ["captured_at", "files"],
        "properties": [
          "sandbox_id": ["type": "string"], "captured_at": ["type": "string", "format": "date-time"],
          "files": [
            "type": "object",
            "additionalProperties": [
              "type": "object", "required": ["size", "mode", "checksum"],
              "properties": [
                "size": ["type": "integer"], "mode": ["type": "string"], "checksum": ["type": "string"],
              ],
            ],
          ],
        ],
      ],
      "SandboxDiff": [
        "type": "object", "required": ["added", "removed", "modified"],
        "properties": [
          "sandbox_id": ["type": "string"], "added": texts, "removed": texts, "modified": texts,
        ],
      ],
    ]
  }
}
