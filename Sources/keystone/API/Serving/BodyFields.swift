internal import KeystoneKit

/// The members of a JSON body, read with sentences about what does not fit; `null` is as good as absent.
struct BodyFields {
  let members: [String: JSONValue]

  init(_ body: JSONValue) throws {
    guard let members = body.object else { throw APIError(.invalid, "The body must be a JSON object.") }
    self.members = members.filter { $0.value != .null }
  }

  /// A text that must be there and say something.
  func required(_ name: String) throws -> String {
    guard let text = try text(name), !text.isEmpty else {
      throw APIError(.invalid, "`\(name)` is missing; send it as text.")
    }
    return text
  }

  func text(_ name: String) throws -> String? {
    try read(name, "text") { $0.string }
  }

  func object(_ name: String) throws -> [String: JSONValue]? {
    try read(name, "an object") { $0.object }
  }

  func array(_ name: String) throws -> [JSONValue]? {
    try read(name, "a list") { $0.array }
  }

  func texts(_ name: String) throws -> [String]? {
    try read(name, "a list of texts") { value in
      let texts = value.array?.compactMap(\.string)
      return texts?.count == value.array?.count ? texts : nil
    }
  }

  func number(_ name: String) throws -> Double? {
    try read(name, "a number") { $0.double }
  }

  private func read<Value>(_ name: String, _ kind: String, _ convert: (JSONValue) -> Value?) throws -> Value? {
    guard let member = members[name] else { return nil }
    guard let value = convert(member) else { throw APIError(.invalid, "`\(name)` must be \(kind).") }
    return value
  }
}

extension APIRequest {
  /// The members of the JSON body.
  func fields() async throws -> BodyFields { try BodyFields(try await json()) }
}
