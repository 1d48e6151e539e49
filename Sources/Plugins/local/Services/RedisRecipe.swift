import KeystoneKit

/// `redis:*` by the machine's own Redis, which keeps nothing on disk.
struct RedisRecipe: ServiceRecipe {
  static let image = "redis"
  static let package = "redis-server"

  private let program: String
  let version: String

  static func find(tag: String) -> RedisRecipe? {
    guard let program = ServiceRecipes.program("redis-server") else { return nil }
    return RedisRecipe(program: program, version: ServiceRecipes.version(of: program))
  }

  func ports(_ environment: [String: String]) -> [Int] { [6379] }

  func socket(_ port: Int) -> String { "redis.sock" }

  func command(workspace: String) -> Command {
    Command([
      program, "--bind", "127.0.0.1", "--port", "6379", "--unixsocket", "\(workspace)/redis.sock", "--dir", workspace,
      "--save", "", "--protected-mode", "no",
    ])
  }

  func variables(workspace: String) -> [String: String] { [:] }
}
