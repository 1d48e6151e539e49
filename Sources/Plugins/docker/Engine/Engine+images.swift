import KeystoneKit

extension EngineClient {
  /// Gets an image from its registry and tells how far it is.
  ///
  /// Whatever the reason, the message says that the image was not found: a registry does not tell a name that does not
  /// exist from one that may not be seen.
  func pull(_ image: String, progress: @escaping @Sendable (String) -> Void) async throws {
    let failure = Locked<String?>(nil)
    do {
      let (name, tag) = Self.parts(of: image)
      let query = "fromImage=\(Self.escaped(name))" + (tag.map { "&tag=\(Self.escaped($0))" } ?? "")
      try await call("POST", "/images/create?\(query)", silence: .seconds(300)) { line in
        if let error = line["error"]?.string { failure.withLock { $0 = error } }
        guard let status = line["status"]?.string else { return }
        let layer = line["id"]?.string.map { " \($0)" } ?? ""
        let amount = line["progress"]?.string.map { " \($0)" } ?? ""
        progress("pulling \(image): \(status)\(layer)\(amount)")
      }
    } catch let error as EngineFailure {
      failure.withLock { $0 = error.message }
    }
    guard let reason = failure.withLock({ $0 }) else { return }
    throw PluginError(
      .notFound, "image \(image) not found: \(reason)",
      detail: "IMAGE_PULL_ERROR: check the name, the tag, and that the engine can reach the registry")
  }

  /// The tag of a reference is not part of its name; a digest is, and a port is no tag.
  static func parts(of image: String) -> (name: String, tag: String?) {
    if image.contains("@") { return (image, nil) }
    let last = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let colon = last.lastIndex(of: ":") else { return (image, "latest") }
    let tag = String(last[last.index(after: colon)...])
    return (String(image.dropLast(tag.count + 1)), tag)
  }

  /// What starts in a container of `image`: the image's own configuration.
  func configuration(of image: String, progress: @escaping @Sendable (String) -> Void) async throws
    -> ImageConfiguration
  {
    do {
      return ImageConfiguration(try await call("GET", "/images/\(Self.escaped(image))/json"))
    } catch let error as EngineFailure where error.status == 404 {
      try await pull(image, progress: progress)
      return ImageConfiguration(try await call("GET", "/images/\(Self.escaped(image))/json"))
    } catch let error as EngineFailure {
      throw error.error("looking at the image \(image)")
    }
  }
}

/// What an image says of the program it was made for.
struct ImageConfiguration: Sendable {
  /// The image's id, shortened.
  var id: String
  var arguments: [String]
  var environment: [String: String]
  var directory: String
  var user: String
  var ports: [Int]

  /// Reads what the engine tells of an image.
  init(_ image: JSONValue) {
    let config = image["Config"] ?? .null
    id = String(image["Id"]?.string?.split(separator: ":").last?.prefix(12) ?? "")
    func texts(_ name: String) -> [String] { config[name]?.array?.compactMap(\.string) ?? [] }
    arguments = texts("Entrypoint") + texts("Cmd")
    environment = Dictionary(
      texts("Env").compactMap { line in
        line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
      }, uniquingKeysWith: { $1 })
    directory = config["WorkingDir"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "/"
    user = config["User"]?.string ?? ""
    ports = (config["ExposedPorts"]?.object?.keys.compactMap { Int($0.split(separator: "/")[0]) } ?? []).sorted()
  }
}
