package import KeystoneKit

/// What `/openapi.json` says of a route, and what the host checks a request against.
package struct RouteDescription: Sendable {
  /// A body, of a request or an answer.
  package enum Body: Sendable {
    /// JSON of the schema with this name.
    case json(String)
    /// An array of the schema with this name.
    case list(String)
    /// Something else, such as `application/x-yaml`.
    case text(String)
    /// JSON of the schema with this name, or something else, as the request wants it.
    case jsonOr(String, text: String)
  }

  /// One way in which a route answers.
  package struct Answer: Sendable {
    let status: Int
    let text: String
    let body: Body?

    /// An answer with its status, what it means, and its body when it has one.
    package init(_ status: Int, _ text: String, _ body: Body? = nil) {
      self.status = status
      self.text = text
      self.body = body
    }
  }

  /// A parameter in the query.
  package struct Parameter: Sendable {
    let name: String
    let text: String
    let schema: JSONValue

    /// A parameter, a string unless `schema` says otherwise.
    package init(_ name: String, _ text: String, schema: JSONValue = ["type": "string"]) {
      self.name = name
      self.text = text
      self.schema = schema
    }
  }

  let tag: String
  let summary: String
  let query: [Parameter]
  let body: Body?
  let isBodyRequired: Bool
  let answers: [Answer]
  let errors: [APIError.Code]

  /// A description.
  ///
  /// - Parameters:
  ///   - tag: The resource it belongs to.
  ///   - summary: What it does, in one sentence.
  ///   - query: The parameters of its query.
  ///   - body: What it takes.
  ///   - isBodyRequired: Whether it must be given.
  ///   - answers: How it answers when all is well.
  ///   - errors: The errors it answers, beside those every route has.
  package init(
    _ tag: String, _ summary: String, query: [Parameter] = [], body: Body? = nil, isBodyRequired: Bool = true,
    answers: [Answer], errors: [APIError.Code] = []
  ) {
    self.tag = tag
    self.summary = summary
    self.query = query
    self.body = body
    self.isBodyRequired = isBodyRequired
    self.answers = answers
    self.errors = errors
  }
}
