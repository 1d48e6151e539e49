package import KeystoneKit

/// The published shape of one line of an audit log.
package enum AuditSchema {
  /// JSON Schema 2020-12 of a record.
  package static let record: JSONValue = [
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A record of a Keystone audit log",
    "type": "object",
    "required": ["seq", "ts", "phase", "actor", "event", "data", "secrets", "previous"],
    "properties": [
      "seq": ["type": "integer", "minimum": 1, "description": "The record's number, from 1."],
      "ts": ["type": "string", "format": "date-time", "description": "When, in UTC, by the host's clock."],
      "phase": [
        "type": "string", "pattern": "^(setup|agent|check|check:.*|teardown)$",
        "description":
          "What was going on. Rules see `agent` only; `check` is what the agent left running and did after its end state was sealed.",
      ],
      "actor": ["type": "string", "description": "Who: `agent`, `host`, or the type of a plugin."],
      "event": ["type": "string", "description": "What kind of event it is; kinds are only added."],
      "data": ["type": "object"],
      "secrets": [
        "type": "array", "items": ["type": "string"], "description": "The names of the secrets that were masked in it.",
      ],
      "previous": [
        "type": "string", "pattern": "^[0-9a-f]{64}$",
        "description": "The SHA-256 of the line before, without its end; zeros in the first line.",
      ],
    ],
    "allOf": .array(
      events.map { event, data in
        [
          "if": ["properties": ["event": ["const": .string(event)]]],
          "then": ["properties": ["data": data]],
        ]
      }),
  ]

  private static let events: [(String, JSONValue)] = [
    ("command", object(["arguments": strings, "duration_ms": number], ["exit_code": number, "signal": number])),
    ("process_spawn", object(["path": path, "arguments": .object(["type": "array", "items": path]), "pid": number])),
    ("file_write", file), ("file_delete", file), ("file_read", file),
    ("stdout", output), ("stderr", output),
  ]

  private static let number: JSONValue = ["type": "integer"]
  private static let strings: JSONValue = ["type": "array", "items": ["type": "string"]]
  private static let path: JSONValue = [
    "description": "Text, or base64 where it is not UTF-8; relative in the workspace.",
    "oneOf": [["type": "string"], ["type": "object", "required": ["bytes"]]],
  ]
  private static let file = object(
    ["path": path], ["operation": ["type": "string"], "pid": number, "from": path, "directory": ["type": "boolean"]])
  private static let output = object(["bytes": number, "text": ["type": "string"]])

  private static func object(_ required: [String: JSONValue], _ optional: [String: JSONValue] = [:]) -> JSONValue {
    [
      "type": "object", "required": .array(required.keys.sorted().map { .string($0) }),
      "properties": .object(required.merging(optional) { first, _ in first }),
    ]
  }
}
