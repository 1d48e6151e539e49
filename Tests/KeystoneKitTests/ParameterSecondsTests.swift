import KeystoneKit
import Testing

@Suite struct ParameterSecondsTests {
  static let spans: [(String, Double)] = [
    ("90s", 90), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("2d", 172_800), ("90", 90),
    ("0s", 0), ("1m1s1ms", 61.001), ("0.5", 0.5),
  ]

  @Test(arguments: spans)
  func spansAreRead(text: String, count: Double) {
    #expect(Seconds(text)?.count == count)
  }

  @Test(arguments: [
    "", "s", "5x", "1h30", "-5s", "5 s", "1e3s", "1..5s", ".", "٣s", "99999999999s", "1h-5m", "infs", "nan", "5S",
  ])
  func otherTextsAreNone(text: String) {
    #expect(Seconds(text) == nil)
    #expect(Seconds.problems(in: .string(text)).count == 1)
  }

  @Test func numbersAreSecondsWithinReason() throws {
    #expect(try JSONValueDecoder().decode(Seconds.self, from: 90) == 90)
    #expect(try JSONValueDecoder().decode(Seconds.self, from: 0.5).duration == .milliseconds(500))
    for value: JSONValue in [-1, 1e300, true, nil, []] {
      #expect(Seconds.problems(in: value).count == 1)
      #expect(throws: DecodingError.self) { try JSONValueDecoder().decode(Seconds.self, from: value) }
    }
  }

  @Test func theDescriptionReadsBack() {
    #expect(
      [5400, 90, 0.25, 0, 1.5, 3661].map { Seconds($0).description } == [
        "1h30m", "1m30s", "250ms", "0s", "1s500ms", "1h1m1s",
      ])
    #expect(Seconds(Seconds(61.001).description) == 61.001)
  }

  @Test func settingsNeedOnlyAName() throws {
    let short = try JSONValueDecoder().decode(Setting.self, from: ["name": "token"])
    #expect(short == Setting(name: "token", description: ""))
    let long = Setting(
      name: "token", type: .string, description: "Bot token.", default: "x", flag: "slack-token",
      environment: "SLACK_BOT_TOKEN", secret: true)
    #expect(try JSONValueDecoder().decode(Setting.self, from: JSONValueEncoder().encode(long)) == long)
  }
}
