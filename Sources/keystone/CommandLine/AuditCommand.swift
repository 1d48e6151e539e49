import ArgumentParser
import Glibc
import KeystoneKit
import KeystoneSandbox

/// The command `keystone audit …`.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Describes audit logs and checks that none of their records was changed.",
    subcommands: [AuditSchemaCommand.self, AuditVerifyCommand.self])
}

/// The command `keystone audit schema`.
struct AuditSchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of one line of an audit log.")

  func run() async throws { Terminal.show(AuditSchema.record.pretty() + "\n") }
}

/// The command `keystone audit verify FILE`.
struct AuditVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Checks that each record of an audit log follows from the one before.")

  @Argument(help: "The log, `audit.jsonl` in a run's artifact folder.") var file: String
  @Option(help: "The hash that a result holds as `audit.sha256`; without it a log that was cut short is not noticed.")
  var head: String?

  func run() async throws {
    guard let bytes = try? AuditVerifyCommand.bytes(of: file) else {
      Terminal.complain("error: cannot read \(file): name the audit.jsonl of a run")
      throw Exit.invalid
    }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    switch AuditChain.verify(lines) {
    case .failure(let broken):
      Terminal.complain("\(file): record \(broken.number) does not follow from the one before: the log was changed")
      throw Exit.failed
    case .success(let found):
      if let head, head != found.sha256 {
        Terminal.complain("\(file): it ends with \(found.sha256) instead of \(head): records at its end were changed")
        throw Exit.failed
      }
      Terminal.show("\(file): \(found.records) records, unchanged\(head == nil ? " as far as they are there" : "")\n")
    }
  }

  private static func bytes(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ExitCode(2) }
    defer { close(descriptor) }
    var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 20))
    while case let count = read(descriptor, &part, part.count), count > 0 { bytes += part[..<count] }
    return bytes
  }
}
