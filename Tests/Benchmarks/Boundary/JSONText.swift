import KeystoneKit

/// Times reading and writing JSON of the size and shape that crosses the boundary.
struct JSONText {
  /// Microseconds per document, and nanoseconds per KiB of its text.
  func run() async throws -> JSONValue {
    let value = try JSONValueEncoder().encode(BoundaryCalls.request)
    let text = value.bytes
    let kibibytes = Double(text.count) / 1024
    let parse = try await Sample.of(10_000) { _ = try JSONValue(parsing: text) }
    let write = try await Sample.of(10_000) { _ = value.bytes }
    let decode = try await Sample.of(10_000) { _ = try JSONValueDecoder().decode(WorkRequest.self, from: value) }
    let encode = try await Sample.of(10_000) { _ = try JSONValueEncoder().encode(BoundaryCalls.request) }
    return [
      "document_bytes": .integer(Int64(text.count)), "parse": parse.json, "write": write.json,
      "decode": decode.json, "encode": encode.json, "parse_ns_per_kib": parse.nanoseconds(per: kibibytes),
      "write_ns_per_kib": write.nanoseconds(per: kibibytes),
    ]
  }
}
