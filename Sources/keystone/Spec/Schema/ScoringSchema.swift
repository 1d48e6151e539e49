import KeystoneKit

/// The schemas of checks, scoring and repetition.
enum ScoringSchema {
  static let invariants = Shape.dictionary(
    "The checks that decide whether the agent passed, by name.", names: .shownName,
    of: Shape.map(
      "One check.",
      [
        "description": Shape.text("What is checked, in words.", minLength: 0),
        "weight": Shape.number("The share in the composite score.", from: 0, default: 1),
        "gate": Shape.flag("Whether a failure forces the composite score to 0."),
        "timeout": Shape.quantity("The longest time the check may take.", .timeout, examples: ["30s"]),
        "check": Shape.plugged("What to evaluate.", .invariant),
      ], required: ["check"]), minProperties: 1)

  static let scoring = Shape.map(
    "How check results become a verdict.",
    [
      "pass_threshold": Shape.number("The composite score that passes.", from: 0, to: 1, default: 1),
      "replica_aggregation": Shape.map(
        "How the runs of one group become its verdict.",
        [
          "strategy": Shape.choice("The rule.", ["all_must_pass", "majority", "percentage"], default: "all_must_pass"),
          "min_pass_rate": Shape.number("The share of runs that must pass, for `percentage`.", from: 0, to: 1),
        ], required: ["strategy"]),
    ])

  static let parallelism = Shape.map(
    "How often and with which parameters the scenario runs.",
    [
      "replicas": Shape.whole("Runs per matrix entry and dataset record.", from: 1, to: 10_000, default: 1),
      "isolation": Shape.choice("A fresh sandbox per run.", ["per_run"], default: "per_run"),
      "matrix": Shape.list(
        "Parameter sets.",
        of: Shape.dictionary("One parameter set.", names: .parameterName, of: Shape.anything, minProperties: 1),
        minItems: 1),
      "concurrency": Shape.whole("How many scenarios may run at once.", from: 1, to: 100_000),
    ])

  static let dataset: JSONValue = [
    "oneOf": [
      Shape.text("A dataset's identifier or name.", format: .shownName),
      Shape.map(
        "A dataset and which of its records are used.",
        [
          "id": Shape.text("The dataset's identifier or name.", format: .shownName),
          "version": Shape.whole("The version; the newest when absent.", from: 1),
          "tags": Shape.list("Only records with one of these tags.", of: Shape.text("A tag.")),
          "limit": Shape.whole("The largest number of records.", from: 1),
        ], required: ["id"]),
    ]
  ]
}
