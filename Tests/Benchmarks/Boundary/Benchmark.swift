import Glibc
import KeystoneKit
import KeystonePluginHost

/// Measures the parts of the host that have no process of their own and prints one JSON object.
///
/// `keystone-benchmark sandboxes FOLDER DATA COUNT`: `FOLDER` is what `make build` filled.
///
/// `keystone-benchmark FOLDER DATA CALLS`: `FOLDER` holds the benchmark's plugins, their `builtins.json` and
/// `keystone-plugin-host`; `DATA` is an empty folder. `Scripts/bench.py` makes both.
@main struct Benchmark {
  static func main() async throws {
    var arguments = CommandLine.arguments
    let measuresSandboxes = arguments.count > 1 && arguments[1] == "sandboxes"
    if measuresSandboxes { arguments.remove(at: 1) }
    guard arguments.count == 4, let calls = Int(arguments[3]), calls > 0 else {
      print("usage: keystone-benchmark FOLDER DATA CALLS")
      exit(2)
    }
    let installation = Installation(builtinsFolder: arguments[1], dataFolder: arguments[2])
    if measuresSandboxes {
      return print(try await SandboxFigures(installation: installation, count: calls).run().text)
    }
    let figures: JSONValue = [
      "boundary": try await BoundaryCalls(installation: installation, calls: calls).run(),
      "json": try await JSONText().run(),
      "store": try await StoreChanges(file: "\(arguments[2])/store/keystone.sqlite").run(),
    ]
    print(figures.text)
  }
}
