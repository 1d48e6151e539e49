package import KeystoneKit

/// The end of what a program writes to stdout and stderr, together.
package final class KeptOutput: Sendable {
  private let limit: Int
  private let kept = Locked<[UInt8]>([])

  package init(limit: Int) { self.limit = limit }

  /// Streams that end here.
  package var streams: CommandStreams { CommandStreams(output: sink, errorOutput: sink) }

  /// What was written last, as text.
  package var text: String { kept.withLock { String(decoding: $0.suffix(limit), as: UTF8.self) } }

  /// The last line that says something.
  package var lastLine: String {
    text.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? "it said nothing"
  }

  private var sink: ByteOutput {
    ByteOutput { [kept, limit] bytes in
      kept.withLock { kept in
        kept += bytes
        // Cut at twice the limit, so that each byte is moved once on average.
        if kept.count > 2 * limit { kept.removeFirst(kept.count - limit) }
      }
    }
  }
}
