import Glibc
import KeystoneKit

/// An e-mail (RFC 5322) about an alert; whatever stands in the alert, it is text in the body or an encoded header.
struct Message {
  var sender: String
  var recipients: [String]
  var text: String

  init(_ alert: Alert, from sender: String, to recipients: [String], subject: String?) {
    self.sender = sender
    self.recipients = recipients
    let body = """
      \(alert.reason)

      Rule:       \(alert.name)
      Condition:  \(alert.condition)
      Value:      \(alert.value)
      Spec:       \(alert.specID)
      Experiment: \(alert.experimentID)
      Fired at:   \(alert.firedAt)
      """
    let lines = [
      "Date: \(Self.date())", "From: <\(sender)>", "To: \(recipients.map { "<\($0)>" }.joined(separator: ", "))",
      "Subject: \(Self.encoded(subject ?? "Keystone alert: \(alert.name)"))",
      "Message-ID: <\(alert.id)@keystone>", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64", "", Self.folded(Base64.encode(Array(body.utf8))), "",
    ]
    text = lines.joined(separator: "\r\n")
  }

  /// One address, without anything that could become a second command of the dialogue.
  static func isAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let isPlain = text.utf8.allSatisfy { $0 > 32 && $0 != 127 && !"<>,;\"".utf8.contains($0) }
    return isPlain && text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
  }

  /// A header's text as encoded words (RFC 2047), so that line ends in it are data.
  private static func encoded(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (32...126).contains($0) } && text.utf8.count < 200 && !text.contains("=?")
    guard !isPlain else { return text }
    var words: [String] = []
    var chunk: [UInt8] = []
    for scalar in text.unicodeScalars {
      let bytes = Array(String(Character(scalar)).utf8)
      if chunk.count + bytes.count > 42 {
        words.append("=?utf-8?B?\(Base64.encode(chunk))?=")
        chunk = []
      }
      chunk += bytes
    }
    words.append("=?utf-8?B?\(Base64.encode(chunk))?=")
    return words.joined(separator: "\r\n ")
  }

  private static func folded(_ text: String) -> String {
    var (lines, rest) = ([Substring](), text[...])
    while !rest.isEmpty {
      lines.append(rest.prefix(76))
      rest = rest.dropFirst(76)
    }
    return lines.joined(separator: "\r\n")
  }

  private static func date() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
  }
}
