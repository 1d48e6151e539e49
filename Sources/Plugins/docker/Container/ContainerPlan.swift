import KeystoneKit

/// Everything that decides how one container is made.
struct ContainerPlan: Sendable {
  /// The container's name on the engine.
  var name: String
  var image: String
  var labels: EngineLabels
  /// `agent` or `service`.
  var role: String
  var folder: ContainerFolder
  /// The program that is the first process, on this machine.
  var program: String
  /// Where commands begin.
  var directory: String
  /// Who runs the first process; the image's own user when `nil`.
  var user: String?
  var limits = SandboxLimits()
  /// The network and the container's name there; none when `nil`.
  var network: (id: String, alias: String)?
  /// The container whose network this one shares.
  var companion: String?
  /// The volume that is the workspace, where several containers share one.
  var volume: String?
  /// The host's socket at which the first process attaches.
  var attachment: String?

  /// What the engine is asked to create.
  var request: JSONValue {
    var arguments: [JSONValue] = [
      "--workspace", .string(directory), "--first-process", "--container", "--control",
      .string("\(ContainerFolder.inside)/control"),
    ]
    if attachment != nil { arguments += ["--attachment", .string("\(ContainerFolder.inside)/attachment")] }
    var object: [String: JSONValue] = [
      "Image": .string(image), "Entrypoint": [.string("\(ContainerFolder.inside)/init")], "Cmd": .array(arguments),
      "WorkingDir": .string(directory), "Labels": labels.json(role: role), "HostConfig": .object(hostConfiguration),
      "AttachStdout": false, "AttachStderr": false,
      // The image's own health check would run beside what the spec waits for.
      "Healthcheck": ["Test": ["NONE"]],
    ]
    if let user { object["User"] = .string(user) }
    // The name belongs to the network's namespace.
    if companion == nil { object["Hostname"] = .string(network?.alias ?? "keystone") }
    if let network {
      object["NetworkingConfig"] = [
        "EndpointsConfig": .object([network.id: ["Aliases": [.string(network.alias)]]])
      ]
    }
    return .object(object)
  }

  private var hostConfiguration: [String: JSONValue] {
    var host: [String: JSONValue] = [
      "NetworkMode": .string(companion.map { "container:\($0)" } ?? network?.id ?? "none"),
      "Binds": .array(binds.map { .string($0) }),
      // A mount of its own, because a plain folder above a mount can be renamed away and replaced.
      "Tmpfs": ["/run": "mode=755"],
      "CapDrop": ["ALL"],
      "CapAdd": .array(capabilities.map { .string($0) }), "SecurityOpt": ["no-new-privileges"],
      "LogConfig": ["Type": "json-file", "Config": ["max-size": "1m"]],
    ]
    if companion == nil {
      // The engine's own resolver would pass questions for other names on to the machine's; nobody answers there.
      host["Dns"] = [network == nil ? "198.18.0.1" : "192.0.2.1"]
      host["DnsOptions"] = ["timeout:1", "attempts:1"]
    }
    if let millis = limits.cpuMillis { host["NanoCpus"] = .integer(Int64(millis) * 1_000_000) }
    if let memory = limits.memory {
      host["Memory"] = .integer(Int64(clamping: memory))
      host["MemorySwap"] = .integer(Int64(clamping: memory))
    }
    if let processes = limits.processes { host["PidsLimit"] = .integer(Int64(processes)) }
    return host
  }

  private var capabilities: [String] {
    let few = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
    return network == nil && companion == nil ? few + ["NET_ADMIN"] : few
  }

  private var binds: [String] {
    var list = [
      "\(folder.shown):\(ContainerFolder.inside):ro", "\(program):\(ContainerFolder.inside)/init:ro",
    ]
    if let attachment { list.append("\(attachment):\(ContainerFolder.inside)/attachment:ro") }
    if let volume { list.append("\(volume):/workspace") }
    return list
  }
}
