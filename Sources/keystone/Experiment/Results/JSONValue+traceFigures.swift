import KeystoneKit

extension JSONValue {
  /// The result of a scenario with what its trace says: the agent's tokens and dollars are added to those of the judges.
  func adding(_ figures: TraceFigures) -> JSONValue {
    var result = self
    result["tool_calls"] = .integer(Int64(figures.toolCalls))
    result["tool_failures"] = .integer(Int64(figures.toolFailures))
    guard let traced = figures.cost else { return result }
    guard let judged = result["cost"] else {
      result["cost"] = traced
      return result
    }
    func sum(_ name: String) -> JSONValue { .integer((judged[name]?.int ?? 0) + (traced[name]?.int ?? 0)) }
    let models = [traced["model"]?.string ?? "", judged["model"]?.string ?? ""].filter { !$0.isEmpty }
    result["cost"] = [
      "input_tokens": sum("input_tokens"), "output_tokens": sum("output_tokens"),
      "model": .string(models.joined(separator: ", ")),
      "estimated_usd": .number((judged["estimated_usd"]?.double ?? 0) + (traced["estimated_usd"]?.double ?? 0)),
    ]
    return result
  }
}
