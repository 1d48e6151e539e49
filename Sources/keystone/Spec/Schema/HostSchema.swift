import KeystoneKit

/// The host's own part of the spec format; it knows no plugin type by name.
enum HostSchema {
  /// The keyword that marks where a plugin's schema takes over; its value is the extension point.
  static let pointKeyword = "x-keystone-point"

  /// The keyword of a map whose unknown keys have been reported already.
  static let closedKeyword = "x-keystone-closed"

  /// The schema of a whole spec.
  static let root: JSONValue = Shape.map(
    "A Keystone spec: one scenario, its environment, its agent and its checks.",
    top.merging(world) { first, _ in first }.merging(judgement) { first, _ in first },
    required: ["version", "id", "base", "task", "invariants"])

  private static let top: [String: JSONValue] = [
    "version": ["type": "integer", "const": 1, "description": "The version of the spec format."],
    "id": Shape.text("The spec's identifier.", format: .identifier, examples: ["fix-failing-test"]),
    "name": Shape.text("A title for people.", format: .shownName),
    "description": Shape.text("What the scenario is about.", minLength: 0),
    "base": Shape.text("The sandbox's base image.", examples: ["ubuntu:24.04"]),
    "task": Shape.map(
      "What the agent is asked to do.",
      [
        "prompt": Shape.text("The text that is sent to the agent; may contain templates."),
        "context": [
          "type": "object", "description": "Structured information passed along with the prompt.",
          "additionalProperties": Shape.anything,
        ],
      ], required: ["prompt"]),
    "agent": Shape.plugged("The agent; without one the scenario is judged as set up.", .agent),
  ]

  private static let world: [String: JSONValue] = [
    "setup": setup,
    "resources": resources,
    "fixtures": Shape.list("Seed data, in this order.", of: Shape.plugged("One piece of seed data.", .fixture)),
    "services": Shape.list("Backing services.", of: ServiceSchema.service),
    "secrets": Shape.list("Secrets that the sandbox needs.", of: ServiceSchema.secret),
    "network": NetworkSchema.network,
    "audit": NetworkSchema.audit,
    "determinism": determinism,
    "teardown": teardown,
    "snapshots": Shape.map(
      "When the sandbox is checkpointed.",
      ["checkpoints": Shape.choice("A checkpoint after each command.", ["per_action"])]),
  ]

  private static let judgement: [String: JSONValue] = [
    "invariants": ScoringSchema.invariants,
    "forbidden": [
      "type": "object", "description": "What the agent must not do: rule types and their parameters.",
      "x-keystone-point": "forbidden",
    ],
    "scoring": ScoringSchema.scoring,
    "parallelism": ScoringSchema.parallelism,
    "datasets": Shape.list("Datasets whose records drive the scenario.", of: ScoringSchema.dataset, minItems: 1),
    "alerts": Shape.list("Alerts on the metrics of this spec.", of: Shape.plugged("One alert.", .notifier)),
  ]

  private static let setup = Shape.map(
    "What is prepared in the sandbox before the agent starts.",
    [
      "packages": Shape.list("Packages of the base image's package manager.", of: Shape.text("A package name.")),
      "commands": Shape.list("Shell commands, run in the workspace in this order.", of: Shape.text("A command.")),
      "files": Shape.list("Files that are written before the commands run.", of: setupFile),
      "env": Shape.environment("Environment variables of setup, agent and checks."),
    ])

  private static let setupFile = Shape.map(
    "A file.",
    [
      "path": Shape.text("Where it goes; relative paths start at the workspace.", format: .workspacePath),
      "content": Shape.text("What it contains; may contain templates.", minLength: 0),
      "mode": Shape.quantity("Its permission bits, octal.", .mode, examples: ["0644"]),
    ], required: ["path", "content"])

  private static let resources = Shape.map(
    "The limits of the sandbox.",
    [
      "timeout": Shape.quantity("The time for setup, agent and scoring.", .timeout, examples: ["10m"], default: "10m"),
      "memory": Shape.quantity("Memory.", .size, examples: ["4Gi", "512Mi"], default: "2Gi"),
      "cpu": Shape.quantity("CPUs.", .cpu, examples: [4, "500m"], default: 2),
      "disk": Shape.quantity("Disk space.", .size, examples: ["20Gi"]),
      "pids": Shape.whole("The largest number of processes.", from: 1, to: 4_194_304),
      "concurrency_limit": Shape.whole("How many scenarios may run at once.", from: 1, to: 100_000),
    ])

  private static let determinism = Shape.map(
    "What is pinned for reproducible runs.",
    [
      "clock": Shape.text("The time that the sandbox believes it is.", format: .timestamp),
      "seed": Shape.quantity("The seed of random numbers.", .seed, examples: [42]),
      "dns": Shape.choice("Names always resolve to the same addresses.", ["static"]),
    ])

  private static let teardown = Shape.map(
    "What is kept after a run.",
    [
      "always_run": Shape.flag("Whether exports also run after an agent that failed."),
      "export": Shape.list(
        "What is exported.",
        of: Shape.map(
          "One artifact.",
          [
            "type": Shape.choice("What is exported.", ["audit_log", "db_dump", "snapshot", "mock_requests"]),
            "service": Shape.text("The service that it comes from.", format: .serviceName),
            "to": Shape.text("Where it goes in the run's artifact folder.", format: .artifactPath),
          ], required: ["type", "to"])),
    ])
}
