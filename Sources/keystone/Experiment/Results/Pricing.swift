package import KeystoneKit

/// What models cost, in USD per million tokens (http-api 22).
package enum Pricing {
  struct Price {
    var input: Double
    var output: Double
  }

  static let table: [String: Price] = [
    "claude-opus-4-5": Price(input: 5, output: 15), "claude-opus-4-6": Price(input: 5, output: 15),
    "claude-opus-4-7": Price(input: 5, output: 15), "claude-opus-4-20250514": Price(input: 15, output: 75),
    "claude-sonnet-4-20250514": Price(input: 3, output: 15), "claude-sonnet-4-5-2025": Price(input: 3, output: 15),
    "claude-sonnet-4-6": Price(input: 3, output: 15), "claude-haiku-4-5-20251001": Price(input: 1, output: 5),
    "claude-3-5-haiku-20241022": Price(input: 0.8, output: 4), "gemini-2.5-pro": Price(input: 1.25, output: 10),
    "gemini-2.5-flash": Price(input: 0.3, output: 2.5), "gpt-4o": Price(input: 2.5, output: 10),
    "gpt-4o-mini": Price(input: 0.15, output: 0.6), "gpt-4.1": Price(input: 2, output: 8),
    "gpt-4.1-mini": Price(input: 0.4, output: 1.6), "gpt-4.1-nano": Price(input: 0.1, output: 0.4),
    "gpt-5": Price(input: 1.25, output: 10), "gpt-5-mini": Price(input: 0.25, output: 2),
    "gpt-5-nano": Price(input: 0.05, output: 0.4), "o1": Price(input: 15, output: 60),
    "o3": Price(input: 10, output: 40), "o3-mini": Price(input: 1.1, output: 4.4),
    "o4-mini": Price(input: 1.1, output: 4.4), "grok-3": Price(input: 3, output: 15),
    "grok-4": Price(input: 3, output: 15), "deepseek-chat": Price(input: 0.28, output: 0.42),
    "deepseek-reasoner": Price(input: 0.55, output: 2.19),
  ]

  /// The models that have a price, by name.
  package static var models: [String] { table.keys.sorted() }

  /// The price of a model: its own, else that of the longest name contained in it, else none.
  static func price(of model: String) -> Price? {
    let model = model.lowercased()
    if let price = table[model] { return price }
    let name = table.keys.filter { model.contains($0) }.max { ($0.count, $1) < ($1.count, $0) }
    return name.flatMap { table[$0] }
  }

  /// USD for one request, rounded to six decimals; 0 when the model is not known.
  package static func dollars(_ usage: Usage) -> Double {
    guard let price = price(of: usage.model) else { return 0 }
    let dollars =
      (Double(usage.inputTokens) * price.input + Double(usage.outputTokens) * price.output
        - Double(usage.cachedTokens) * price.input * 0.9) / 1_000_000
    return (dollars * 1_000_000).rounded() / 1_000_000
  }

  /// The cost object of a result.
  static func cost(of usage: [Usage]) -> JSONValue {
    let models = Set(usage.map(\.model)).sorted()
    return [
      "input_tokens": .integer(Int64(usage.reduce(0) { $0 + $1.inputTokens })),
      "output_tokens": .integer(Int64(usage.reduce(0) { $0 + $1.outputTokens })),
      "model": .string(models.joined(separator: ", ")),
      "estimated_usd": .number(usage.reduce(0) { $0 + dollars($1) }),
    ]
  }
}
