import KeystoneKit

/// What a mock service recorded, named as `<service>.<field>`, such as `smtp.last_request.body`.
struct Recording {
  private static let fields = ["request_count", "requests", "first_request", "last_request"]

  private let service: String
  private let field: String
  private let members: [String]

  /// Reads a source; `nil` when it has not this form.
  init?(_ source: String) {
    let parts = source.split(separator: ".").map(String.init)
    guard !source.contains("/"), let place = parts.firstIndex(where: Self.fields.contains), place > 0 else {
      return nil
    }
    service = parts[..<place].joined(separator: ".")
    field = parts[place]
    members = Array(parts[(place + 1)...])
  }

  /// What the agent asked, as text to judge.
  func material(in context: CheckContext) async throws -> JudgeMaterial {
    let requests = try await context.sandbox.recordings(of: service).filter { $0.phase == "agent" }
    if field == "request_count" { return .text(String(requests.count)) }
    if field == "requests" {
      return .text(try requests.map { try JSONValueEncoder().encode($0).text }.joined(separator: "\n"))
    }
    guard let request = field == "first_request" ? requests.first : requests.last else {
      return .missing("\(service) had no requests of the agent, so there is nothing to judge")
    }
    let value = members.reduce(try JSONValueEncoder().encode(request) as JSONValue?) { value, name in value?[name] }
    guard let value else {
      return .missing("the request to \(service) has no \(members.joined(separator: "."))")
    }
    return .text(value.string ?? value.text)
  }
}
