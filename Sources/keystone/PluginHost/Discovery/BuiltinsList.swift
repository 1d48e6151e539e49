import KeystoneKit

/// The plugins that came with the host: `builtins.json`, written by the build beside the executable.
struct BuiltinsList: Codable, Equatable {
  static let fileName = "builtins.json"

  struct Entry: Codable, Equatable {
    /// The file's name in the same folder.
    var file: String
    /// Its SHA-256 in hexadecimal.
    var sha256: String
  }

  var plugins: [Entry]

  /// The list in `folder`.
  static func read(in folder: String) throws(FileFailure) -> BuiltinsList {
    guard let bytes = try PrivateFolder(folder).read(fileName, limit: 1 << 20) else {
      throw FileFailure("\(folder)/\(fileName) is missing: run `make build` or `make install` again")
    }
    do {
      let list = try JSONValueDecoder().decode(Self.self, from: JSONValue(parsing: bytes))
      guard list.plugins.allSatisfy({ !$0.file.isEmpty && !$0.file.contains("/") }) else {
        throw FileFailure("it names a file in another folder")
      }
      return list
    } catch {
      throw FileFailure("\(folder)/\(fileName) cannot be read (\(error)): run `make build` or `make install` again")
    }
  }

  /// The type that a file's name promises, such as `file_exists` for `libkeystone_file_exists.so`.
  static func promisedType(_ file: String) -> String {
    var name = file[...]
    if name.hasPrefix("libkeystone_") { name = name.dropFirst("libkeystone_".count) }
    if name.hasSuffix(".so") { name = name.dropLast(3) }
    return String(name)
  }
}
