import Glibc
import KeystoneKit

/// `postgres:*` by the machine's own PostgreSQL, with what the official image makes of POSTGRES_USER, _PASSWORD and _DB.
struct PostgresRecipe: ServiceRecipe {
  static let image = "postgres"
  static let package = "postgresql"

  private let folder: String
  let version: String

  /// The version of the tag where it is installed, else the newest.
  static func find(tag: String) -> PostgresRecipe? {
    let parent = "/usr/lib/postgresql"
    var versions: [String] = []
    if let directory = opendir(parent) {
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if access("\(parent)/\(name)/bin/postgres", X_OK) == 0 { versions.append(name) }
      }
    }
    let wanted = tag.prefix { $0.isNumber }
    let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) }
    if let chosen = versions.first(where: { $0 == wanted }) ?? newest {
      return PostgresRecipe(folder: "\(parent)/\(chosen)/bin")
    }
    guard let program = ServiceRecipes.program("postgres") else { return nil }
    return PostgresRecipe(folder: String(program.dropLast("/postgres".count)))
  }

  private init(folder: String) {
    self.folder = folder
    version = ServiceRecipes.version(of: "\(folder)/postgres")
  }

  func ports(_ environment: [String: String]) -> [Int] { [environment["PGPORT"].flatMap { Int($0) } ?? 5432] }

  func socket(_ port: Int) -> String { ".s.PGSQL.\(port)" }

  func command(workspace: String) -> Command { Command(["/bin/sh", "-c", Self.script, "sh", workspace]) }

  func variables(workspace: String) -> [String: String] {
    ["PATH": "\(folder):/usr/local/bin:/usr/bin:/bin", "PGHOST": workspace]
  }

  /// Every client signs in with the password, as it does through the network of the image.
  private static let script = """
    set -eu
    user=${POSTGRES_USER:-postgres} data=$1/data
    umask 077
    printf '%s' "${POSTGRES_PASSWORD:?Database is uninitialized and superuser password is not specified}" >"$1/password"
    initdb -D "$data" -U "$user" --pwfile="$1/password" --auth=scram-sha-256 --no-sync --no-instructions >/dev/null
    rm "$1/password"
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
      printf 'CREATE DATABASE "%s"' "${POSTGRES_DB:-$user}" |
        postgres --single -jE -D "$data" -c fsync=off postgres >/dev/null
    fi
    exec postgres -D "$data" -k "$1" -c listen_addresses=127.0.0.1 -c fsync=off
    """
}
