internal import KeystoneKit

/// Reads `multipart/form-data` (RFC 7578) that comes in pieces, in the memory of one piece.
struct MultipartReader {
  enum Event: Equatable {
    /// A part begins, with its name.
    case part(String)
    /// Some of its content.
    case content(ArraySlice<UInt8>)
    /// The end of the body.
    case end
  }

  private enum State {
    case preamble, boundary, header, content, done
  }

  private static let longestHeader = 16 << 10

  private let delimiter: [UInt8]
  private var buffer: [UInt8]
  private var state = State.preamble

  /// A reader for a body of this content type.
  ///
  /// - Throws: ``APIError`` when it is another type, or names no boundary.
  init(contentType: String?) throws {
    let parts = (contentType ?? "").split(separator: ";").map { $0.drop { $0 == " " } }
    let boundary = parts.dropFirst().first { $0.lowercased().hasPrefix("boundary=") }?.dropFirst(9)
      .filter { $0 != "\"" }
    guard parts.first?.lowercased() == "multipart/form-data", let boundary, !boundary.isEmpty,
      boundary.utf8.count <= 200
    else { throw APIError(.invalid, "Send the body as multipart/form-data with its boundary.") }
    delimiter = Array("\r\n--\(boundary)".utf8)
    // The first boundary has no line before it.
    buffer = Array("\r\n".utf8)
  }

  /// Takes the next piece and tells what it completes.
  mutating func add(_ bytes: [UInt8], _ tell: (Event) throws -> Void) throws {
    buffer += bytes
    var position = 0
    defer { buffer.removeFirst(position) }
    while try step(&position, tell) {}
  }

  /// Whether the end was seen.
  var isFinished: Bool { state == .done }

  /// Reads one thing at `position`; false when more bytes are needed.
  private mutating func step(_ position: inout Int, _ tell: (Event) throws -> Void) throws -> Bool {
    switch state {
    case .done:
      position = buffer.count
      return false
    case .preamble, .content:
      guard let found = find(delimiter, from: position) else {
        // The end of the buffer may be the beginning of a boundary.
        let safe = max(position, buffer.count - delimiter.count)
        if state == .content, safe > position { try tell(.content(buffer[position..<safe])) }
        position = safe
        return false
      }
      if state == .content, found > position { try tell(.content(buffer[position..<found])) }
      position = found + delimiter.count
      state = .boundary
      return true
    case .boundary:
      guard buffer.count - position >= 2 else { return false }
      let isLast = buffer[position..<position + 2].elementsEqual("--".utf8)
      state = isLast ? .done : .header
      if isLast { try tell(.end) }
      return true
    case .header:
      guard let end = find(Array("\r\n\r\n".utf8), from: position) else {
        guard buffer.count - position <= Self.longestHeader else {
          throw APIError(.invalid, "A part of the body has a header that is too long.")
        }
        return false
      }
      try tell(.part(try Self.name(String(decoding: buffer[position..<end], as: UTF8.self))))
      position = end + 4
      state = .content
      return true
    }
  }

  /// The name in `Content-Disposition: form-data; name="bundle"`.
  private static func name(_ header: String) throws -> String {
    for line in header.split(whereSeparator: \.isNewline) where line.lowercased().hasPrefix("content-disposition:") {
      for field in line.split(separator: ";").dropFirst() {
        let field = field.drop { $0 == " " }
        if field.lowercased().hasPrefix("name=") { return field.dropFirst(5).filter { $0 != "\"" } }
      }
    }
    throw APIError(.invalid, "A part of the body has no name; send `Content-Disposition: form-data; name=…`.")
  }

  private func find(_ needle: [UInt8], from start: Int) -> Int? {
    guard let first = needle.first else { return nil }
    var position = start
    while let candidate = buffer[position...].firstIndex(of: first) {
      guard candidate + needle.count <= buffer.count else { return nil }
      if buffer[candidate..<candidate + needle.count].elementsEqual(needle) { return candidate }
      position = candidate + 1
    }
    return nil
  }
}
