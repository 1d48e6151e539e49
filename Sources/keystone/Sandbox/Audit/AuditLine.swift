import CDigest
import Glibc
import KeystoneKit

/// One line of an audit log, written by hand because there may be very many.
///
/// Its members stand in a fixed order: `seq`, `ts`, `phase`, `actor`, `event`, `data`, `secrets`, `previous`.
enum AuditLine {
  /// The part that does not depend on the place in the log: from `phase` to `secrets`.
  static func middle(phase: String, actor: String, event: String, _ data: [UInt8], secrets: Set<String>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 160)
    for (key, value) in [("phase", phase), ("actor", actor), ("event", event)] {
      bytes += "\"\(key)\":".utf8
      bytes += JSONValue.string(value).bytes
      bytes.append(UInt8(ascii: ","))
    }
    bytes += "\"data\":".utf8
    bytes += data
    bytes += ",\"secrets\":".utf8
    bytes += secrets.isEmpty ? Array("[]".utf8) : JSONValue.array(secrets.sorted().map { .string($0) }).bytes
    return bytes
  }

  /// Adds the whole line with its end.
  static func append(
    to log: inout [UInt8], sequence: Int, time: [UInt8], _ middle: [UInt8], previous: [UInt8]
  ) {
    log += "{\"seq\":\(sequence),\"ts\":\"".utf8
    log += time
    log += "\",".utf8
    log += middle
    log += ",\"previous\":\"".utf8
    log += previous
    log += "\"}\n".utf8
  }

  /// Finds the lines of a phase and of some kinds of events without parsing them.
  struct Filter {
    private let phase: [UInt8]
    private let events: [[UInt8]]

    init(phase: String, events: [String]) {
      self.phase = Array("\"phase\":\(JSONValue.string(phase).text),\"actor\":".utf8)
      self.events = events.map { Array("\"event\":\(JSONValue.string($0).text),\"data\":".utf8) }
    }

    /// Looks at the beginning only: what stands in `data` is the agent's.
    func matches(_ line: ArraySlice<UInt8>) -> Bool {
      let start = Array(line.prefix(512))
      guard let place = start.firstIndex(of: phase, from: 0) else { return false }
      guard !events.isEmpty else { return true }
      let after = place + phase.count
      let end = start.firstIndex(of: Array("\"data\":".utf8), from: after) ?? start.count
      return events.contains { event in
        start.firstIndex(of: event, from: after).map { $0 < end } ?? false
      }
    }
  }
}

/// The hashes that chain an audit log's lines.
package enum AuditChain {
  /// What the first line names as its predecessor.
  static let start = [UInt8](repeating: UInt8(ascii: "0"), count: 64)

  /// The SHA-256 of a line without its end, as hexadecimal digits.
  static func hash(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var state = ks_sha256()
    var digest = [UInt8](repeating: 0, count: 32)
    ks_sha256_init(&state)
    line.withUnsafeBytes { ks_sha256_update(&state, $0.baseAddress, $0.count) }
    ks_sha256_final(&state, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// Checks a log from its first line to its last.
  ///
  /// - Parameter lines: The lines in order, without their ends.
  /// - Returns: The log's head, or the number of the first line that does not follow from the one before.
  package static func verify(_ lines: some Sequence<ArraySlice<UInt8>>) -> Result<AuditHead, BrokenLine> {
    var head = AuditHead(records: 0, sha256: String(decoding: start, as: UTF8.self))
    for line in lines {
      let wanted = Array(",\"previous\":\"\(head.sha256)\"}".utf8)
      let number = Array("{\"seq\":\(head.records + 1),".utf8)
      guard line.suffix(wanted.count).elementsEqual(wanted), line.starts(with: number) else {
        return .failure(BrokenLine(number: head.records + 1))
      }
      head = AuditHead(records: head.records + 1, sha256: String(decoding: hash(line), as: UTF8.self))
    }
    return .success(head)
  }

  /// A line that is not what the one before it says.
  package struct BrokenLine: Error, Hashable {
    /// Its number, from 1.
    package let number: Int
  }
}

/// The host's time as text, made anew only when a millisecond has passed.
struct AuditClock {
  private var millisecond = Int.min
  private var text: [UInt8] = []

  mutating func now() -> [UInt8] {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    if now != millisecond {
      millisecond = now
      text = Array(UTCClock.now().utf8)
    }
    return text
  }
}
