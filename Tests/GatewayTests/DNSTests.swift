import Testing

@testable import KeystoneGateway

/// Questions for names, well and badly formed.
@Suite struct DNSTests {
  /// The bytes of a question.
  static func question(_ name: String, type: UInt16 = 1, id: UInt16 = 0x1234, flags: UInt16 = 0x0100) -> [UInt8] {
    let words: [UInt16] = [id, flags, 1, 0, 0, 0]
    var message = words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    for label in name.split(separator: ".") { message += [UInt8(label.utf8.count)] + label.utf8 }
    return message + [0, UInt8(type >> 8), UInt8(truncatingIfNeeded: type), 0, 1]
  }

  @Test func aQuestionIsRead() throws {
    let question = try DNSQuestion(Self.question("API.example.com"))
    #expect(question.name == "API.example.com" && question.asksForAddresses && question.id == 0x1234)
    let other = try DNSQuestion(Self.question("example.com", type: 28))
    #expect(!other.asksForAddresses)
  }

  @Test func anAnswerRepeatsTheQuestionAndGivesTheAddress() throws {
    let question = try DNSQuestion(Self.question("a.b"))
    let answer = DNSAnswer.message(to: question, .fine, address: IPv4Address(number: 0xC612_0101))
    #expect(Array(answer[0..<12]) == [0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
    #expect(answer.suffix(4) == [0xC6, 0x12, 1, 1])
    #expect(Array(answer[12..<12 + question.section.count]) == question.section)
  }

  @Test func aMessageThatIsNoQuestionIsNotTakenForOne() {
    #expect(throws: DNSFault.silent) { try DNSQuestion([1, 2, 3]) }
    #expect(throws: DNSFault.silent) { try DNSQuestion(Self.question("a.b", flags: 0x8000)) }
    #expect(throws: DNSFault.unsupported(id: 0x1234, flags: 0x2800)) {
      try DNSQuestion(Self.question("a.b", flags: 0x2800))
    }
    var pointing = Self.question("a.b")
    pointing[12] = 0xC0
    #expect(throws: DNSFault.malformed(id: 0x1234, flags: 0x0100)) { try DNSQuestion(pointing) }
  }

  @Test func noMessageCrashesTheReader() {
    var random = SystemRandomNumberGenerator()
    let good = Self.question("some.name.example.com")
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0 ... .max, using: &random)
      }
      bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
      guard let question = try? DNSQuestion(bytes) else { continue }
      #expect(question.section.count <= bytes.count - 12 && question.labels.allSatisfy { (1...63).contains($0.count) })
      #expect(DNSAnswer.message(to: question, .noSuchName).count == 12 + question.section.count)
    }
  }

  @Test func addressesFollowFromNamesAndAreNeverShared() throws {
    var book = AddressBook()
    var other = AddressBook()
    let names = try (0..<20_000).map { try #require(HostName("host-\($0).example.com")) }
    for name in names { _ = book.address(of: name) }
    let addresses = names.map { book.address(of: $0) }
    #expect(Set(addresses).count == names.count && !addresses.contains(nil))
    #expect(addresses.map { $0.flatMap { book.name(of: $0) } } == names)
    #expect(other.address(of: names[0]) == addresses[0])
  }

  @Test func aSandboxLearnsABoundedNumberOfNames() throws {
    var book = AddressBook()
    for index in 0..<AddressBook.capacity { _ = book.address(of: try #require(HostName("n\(index)"))) }
    let more = try #require(HostName("one-more"))
    let first = try #require(HostName("n0"))
    let (refused, known) = (book.address(of: more), book.address(of: first))
    #expect(refused == nil && known != nil)
  }
}
