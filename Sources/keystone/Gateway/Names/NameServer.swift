import KeystoneKit

/// Answers the sandbox's questions for names; nothing is ever asked of anybody else.
struct NameServer: Sendable {
  let gateway: OpenGateway

  /// The answer to a message; `nil` for what is no question.
  func answer(_ message: [UInt8]) -> [UInt8]? {
    let question: DNSQuestion
    do {
      question = try DNSQuestion(message)
    } catch {
      return DNSAnswer.message(to: error)
    }
    guard let name = HostName(question.name), name.literal == nil else {
      gateway.noteQuestion(question.name, type: question.type, denied: "no host name")
      return DNSAnswer.message(to: question, .noSuchName)
    }
    if case .denied(let reason) = gateway.decide(name, port: nil) {
      gateway.noteQuestion(name.text, type: question.type, denied: reason)
      return DNSAnswer.message(to: question, .noSuchName)
    }
    // Addresses of IPv6, and everything else that is kept under names, do not exist here.
    guard question.asksForAddresses else { return DNSAnswer.message(to: question, .fine) }
    guard let address = gateway.address(of: name) else {
      gateway.noteQuestion(name.text, type: question.type, denied: "the sandbox has asked for too many names")
      return DNSAnswer.message(to: question, .failure)
    }
    gateway.noteQuestion(name.text, type: question.type, denied: nil)
    return DNSAnswer.message(to: question, .fine, address: address)
  }
}
