package import KeystoneKit

/// What the first process found that it can do for the host it is attached to.
package struct HelperAbilities: Sendable {
  /// All TCP of the sandbox arrives at the host.
  package let redirects: Bool
  /// Commands can be watched.
  package let notifies: Bool
  /// Why one of the two is missing.
  package let reason: String

  /// Reads what follows the process id in a READY message.
  init(_ reader: inout PayloadReader) {
    let bits = reader.byte()
    (redirects, notifies) = (bits & 1 != 0, bits & 2 != 0)
    reason = String(decoding: reader.string(), as: UTF8.self)
  }
}

extension HelperFrame {
  /// The error in a FAILED message, `what` said before its text.
  package func failure(_ what: String) -> PluginError {
    var reader = PayloadReader(payload)
    let code = reader.uint32()
    _ = reader.uint32()
    let text = String(decoding: reader.string(), as: UTF8.self)
    return PluginError(Self.code(code), what.isEmpty ? text : "\(what): \(text)")
  }

  private static func code(_ number: UInt32) -> PluginError.Code {
    switch number {
    case 1: .notFound
    case 2, 5: .denied
    case 3, 4: .invalid
    case 6, 7: .unavailable
    case 8: .exhausted
    case 9: .cancelled
    case 10: .unsupported
    default: .internal
    }
  }

  /// How a command ended, from an EXIT message.
  var commandStatus: CommandStatus {
    var reader = PayloadReader(payload)
    let isSignal = reader.byte() == 1
    let value = Int(reader.uint32())
    let why = reader.byte()
    return CommandStatus(
      exitCode: isSignal ? nil : value, signal: isSignal ? value : nil, timedOut: why == 1,
      limit: why == 3 ? "memory" : why == 4 ? "disk" : nil)
  }

  /// The files an ENTRIES message tells of.
  var entries: [FileStatus] {
    var reader = PayloadReader(payload)
    var list: [FileStatus] = []
    while !reader.isAtEnd { list.append(Self.entry(&reader)) }
    return list
  }

  /// The one file a DONE message tells of, under the name it was asked for.
  func entry(named path: SandboxPath) -> FileStatus {
    var reader = PayloadReader(payload)
    var status = Self.entry(&reader)
    status.path = path
    return status
  }

  private static func entry(_ reader: inout PayloadReader) -> FileStatus {
    let kind: FileStatus.Kind =
      switch reader.byte() {
      case UInt8(ascii: "f"): .file
      case UInt8(ascii: "d"): .directory
      case UInt8(ascii: "l"): .symlink
      default: .other
      }
    let mode = reader.uint32()
    let size = reader.uint64()
    _ = reader.uint64()
    let digest = reader.byte() == 1 ? hexadecimal(reader.raw(32)) : nil
    let path = SandboxPath(bytes: reader.string())
    let target = reader.string()
    return FileStatus(
      path: path, kind: kind, size: size, mode: mode, sha256: digest,
      target: kind == .symlink ? SandboxPath(bytes: target) : nil)
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
      var index = 0
      for byte in bytes {
        buffer[index] = digits[Int(byte >> 4)]
        buffer[index + 1] = digits[Int(byte & 15)]
        index += 2
      }
      return index
    }
  }
}
