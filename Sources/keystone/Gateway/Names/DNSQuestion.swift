/// A question for a name, read from a DNS message (RFC 1035, section 4).
struct DNSQuestion: Hashable, Sendable {
  /// What the message asks for; other types exist, and have no records here.
  static let addressType: UInt16 = 1
  private static let anyType: UInt16 = 255
  private static let internetClass: UInt16 = 1

  /// The number that the answer repeats.
  let id: UInt16
  /// The flags of the question.
  let flags: UInt16
  /// The name as it was written, as labels.
  let labels: [[UInt8]]
  let type: UInt16
  let recordClass: UInt16
  /// The bytes of the question section, which the answer repeats.
  let section: [UInt8]

  /// The name as text, with what is not printable replaced.
  var name: String {
    labels.map { String(decoding: $0.map(Self.shown), as: UTF8.self) }.joined(separator: ".")
  }

  private static func shown(_ byte: UInt8) -> UInt8 {
    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: ".") ? byte : UInt8(ascii: "?")
  }

  /// Whether it asks for IPv4 addresses.
  var asksForAddresses: Bool {
    recordClass == Self.internetClass && (type == Self.addressType || type == Self.anyType)
  }
}

/// Why a DNS message is not answered with records.
enum DNSFault: Error, Hashable, Sendable {
  /// Too short to be answered at all, or an answer itself.
  case silent
  /// It cannot be read.
  case malformed(id: UInt16, flags: UInt16)
  /// It is no plain question.
  case unsupported(id: UInt16, flags: UInt16)
}

extension DNSQuestion {
  /// Reads a message.
  init(_ message: [UInt8]) throws(DNSFault) {
    guard message.count >= 12 else { throw .silent }
    func word(_ place: Int) -> UInt16 { UInt16(message[place]) << 8 | UInt16(message[place + 1]) }
    (id, flags) = (word(0), word(2))
    guard flags & 0x8000 == 0 else { throw .silent }
    guard flags & 0x7800 == 0 else { throw .unsupported(id: id, flags: flags) }
    guard word(4) == 1, word(6) == 0 else { throw .malformed(id: id, flags: flags) }
    var place = 12
    var labels: [[UInt8]] = []
    var length = 1
    while true {
      guard place < message.count else { throw .malformed(id: id, flags: flags) }
      let count = Int(message[place])
      place += 1
      if count == 0 { break }
      length += count + 1
      // A question has no name before it that it could point to.
      guard count <= 63, length <= 255, place + count <= message.count else { throw .malformed(id: id, flags: flags) }
      labels.append(Array(message[place..<place + count]))
      place += count
    }
    guard place + 4 <= message.count else { throw .malformed(id: id, flags: flags) }
    self.labels = labels
    type = word(place)
    recordClass = word(place + 2)
    section = Array(message[12..<place + 4])
  }
}

/// An answer to a question for a name.
struct DNSAnswer {
  /// Outcomes of a question (RFC 1035, section 4.1.1).
  enum Code: UInt16 {
    case fine = 0
    case malformed = 1
    case failure = 2
    case noSuchName = 3
    case unsupported = 4
  }

  /// How long a client may keep an address, in seconds.
  private static let timeToLive: [UInt8] = [0, 0, 0, 30]

  /// The message that answers `question` with `address`, or with nothing.
  static func message(to question: DNSQuestion, _ code: Code, address: IPv4Address? = nil) -> [UInt8] {
    var message = header(question.id, question.flags, code, questions: 1, answers: address == nil ? 0 : 1)
    message += question.section
    if let address {
      // A pointer to the name of the question.
      message += [0xC0, 12, 0, 1, 0, 1] + timeToLive + [0, 4] + address.bytes
    }
    return message
  }

  /// The message for what is no question; `nil` when it is not answered.
  static func message(to fault: DNSFault) -> [UInt8]? {
    switch fault {
    case .silent: nil
    case .malformed(let id, let flags): header(id, flags, .malformed, questions: 0, answers: 0)
    case .unsupported(let id, let flags): header(id, flags, .unsupported, questions: 0, answers: 0)
    }
  }

  private static func header(
    _ id: UInt16, _ flags: UInt16, _ code: Code, questions: UInt16, answers: UInt16
  ) -> [UInt8] {
    // An authoritative answer; recursion is as available as it was asked for.
    let answer = 0x8480 | flags & 0x7900 | code.rawValue
    return [id, answer, questions, answers, 0, 0].flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
  }
}
