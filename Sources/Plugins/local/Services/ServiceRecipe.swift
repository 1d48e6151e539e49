import Glibc
import KeystoneKit

/// How this machine's own programs take the place of a service's image.
protocol ServiceRecipe: Sendable {
  /// The name of the images it stands for, without registry, owner and tag.
  static var image: String { get }
  /// The Debian package that brings its programs.
  static var package: String { get }

  /// Finds the programs; `nil` when this machine has none. `tag` is the image's.
  static func find(tag: String) -> Self?

  /// What runs, such as `PostgreSQL 15.18`.
  var version: String { get }
  /// The ports it answers on, for the service's variables.
  func ports(_ environment: [String: String]) -> [Int]
  /// The Unix socket that stands for a port, in the service's workspace.
  func socket(_ port: Int) -> String
  /// What runs in a sandbox whose workspace is `workspace`.
  func command(workspace: String) -> Command
  /// The variables that its clients in the same sandbox need.
  func variables(workspace: String) -> [String: String]
}

/// The recipes.
enum ServiceRecipes {
  private static let images = [PostgresRecipe.image, RedisRecipe.image]

  /// The recipe for a service; throws when there is none, or its programs are not installed.
  static func find(for service: ServiceRequest) throws -> any ServiceRecipe {
    let last = service.image.split(separator: "/").last ?? ""
    let parts = last.split(separator: ":", maxSplits: 1).map(String.init)
    let tag = parts.count > 1 ? parts[1] : ""
    switch parts.first {
    case PostgresRecipe.image: return try installed(PostgresRecipe.find(tag: tag), service)
    case RedisRecipe.image: return try installed(RedisRecipe.find(tag: tag), service)
    default:
      let names = images.joined(separator: " and ")
      throw PluginError(
        .unsupported,
        "the local runtime has no recipe for the image \(service.image) of service \(service.name): it runs \(names) with this machine's own programs; use a container runtime"
      )
    }
  }

  private static func installed<Recipe: ServiceRecipe>(_ recipe: Recipe?, _ service: ServiceRequest) throws -> Recipe {
    if let recipe { return recipe }
    throw PluginError(
      .unavailable,
      "the service \(service.name) needs \(Recipe.image) on this machine; install the package `\(Recipe.package)`")
  }

  /// The path of a program, looked up where programs are.
  static func program(_ name: String, in folders: [String] = ["/usr/local/bin", "/usr/bin", "/bin"]) -> String? {
    folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The first line that a program says of its version; a moment's work, done once per program.
  static func version(of program: String) -> String {
    known.withLock { known in
      if let version = known[program] { return version }
      var line = ""
      if let stream = popen("'\(program)' --version", "r") {
        var buffer = [CChar](repeating: 0, count: 256)
        if fgets(&buffer, Int32(buffer.count), stream) != nil {
          line = String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        pclose(stream)
      }
      known[program] = line
      return line
    }
  }

  private static let known = Locked<[String: String]>([:])
}
