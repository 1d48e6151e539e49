import Testing

@testable import KeystoneSpec

@Suite struct ValueTests {
  @Test(
    arguments: [
      ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("500ms", 500), ("90", 90_000), ("0.1", 100),
      ("1.5h", 5_400_000), ("2d", 172_800_000), ("1m500ms", 60_500), ("0", 0), ("0s", 0),
    ] as [(String, Int64)])
  func durations(_ text: String, _ milliseconds: Int64) {
    #expect(DurationText.parse(text) == .milliseconds(milliseconds))
  }

  @Test(arguments: [
    "", "s", "5 m", "-5s", "5x", "30m1h", "1m1m", "1e3", "99999999999999999999h", "4000d", ".", "1..5s", "5s ", "٣s",
    "nan", "inf", "1h-5m",
  ])
  func textsThatAreNoDurations(_ text: String) { #expect(DurationText.parse(text) == nil) }

  @Test(arguments: ["90s", "1h30m", "500ms", "1m500ms", "0s"])
  func formattedDurationsReadBack(_ text: String) throws {
    let duration = try #require(DurationText.parse(text))
    #expect(DurationText.parse(DurationText.format(duration)) == duration)
  }

  @Test(
    arguments: [
      ("1024", 1024), ("512Mi", 512 << 20), ("4Gi", 4 << 30), ("500MB", 500_000_000), ("1K", 1000), ("2k", 2000),
      ("3M", 3_000_000), ("1G", 1_000_000_000), ("1.5Gi", 3 << 29), ("1 GiB", 1 << 30), ("1Ti", 1 << 40), ("0", 0),
    ] as [(String, UInt64)])
  func sizes(_ text: String, _ bytes: UInt64) { #expect(SizeText.parse(text) == bytes) }

  @Test(arguments: ["", "Mi", "-1", "4Gb", "4 gigs", "1e9", "9999999Ti", "18446744073709551615Gi", "1.5.5M"])
  func textsThatAreNoSizes(_ text: String) { #expect(SizeText.parse(text) == nil) }

  @Test(arguments: [("4", 4000), ("0.5", 500), ("100m", 100), ("1.5", 1500), ("0.001", 1)])
  func shares(_ text: String, _ milli: Int) { #expect(CPUText.parse(text) == milli) }

  @Test(arguments: ["", "0", "m", "-1", "0.0001", "100000", "1 CPU"])
  func textsThatAreNoShares(_ text: String) { #expect(CPUText.parse(text) == nil) }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0, 0), ("2026-01-01T00:00:00Z", 1_767_225_600, 0),
      ("2024-02-29T12:00:00.5+02:00", 1_709_200_800, 500_000_000), ("1969-12-31T23:59:59Z", -1, 0),
      ("2000-01-01 00:00:00Z", 946_684_800, 0),
    ] as [(String, Int64, Int32)])
  func timestamps(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) throws {
    let timestamp = try #require(Timestamp(text))
    #expect(timestamp.seconds == seconds && timestamp.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "2026-01-01", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "yesterday",
  ])
  func textsThatAreNoTimestamps(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test(arguments: [
    ("github.com", true), ("*.example.com", true), ("*", true), ("db:5432", true), ("10.0.0.1", true),
    ("[::1]:80", true),
    ("a_b.internal", true), ("https://github.com", false), ("github.com/", false), ("a..b", false), ("", false),
    ("-a.com", false), ("a.com:0", false), ("a.com:70000", false), ("a.*.com", false), ("[::1", false), ("a b", false),
  ])
  func hostPatterns(_ text: String, _ isValid: Bool) {
    #expect(HostPattern.isValid(text, allowsGlob: true) == isValid)
  }

  @Test(arguments: [
    ("kitten", "sitting", 3), ("abcd", "acbd", 1), ("", "abc", 3), ("same", "same", 0),
    ("file_exist", "file_exists", 1),
  ])
  func distancesCountSwapsAsOne(_ left: String, _ right: String, _ distance: Int) {
    #expect(Suggestion.distance(Array(left.unicodeScalars), Array(right.unicodeScalars)) == distance)
  }

  @Test func pathsAreReadBothWays() {
    let path = SpecPath() / "invariants" / "a b" / "check" / "assertions" / 0
    #expect(path.description == "invariants[\"a b\"].check.assertions[0]")
    #expect(SpecPath(JSONPath.components(of: "$.a['b c'][2].d")) == SpecPath() / "a" / "b c" / 2 / "d")
    #expect(JSONPath.components(of: "$").isEmpty && JSONPath.components(of: "$.a[").count == 1)
  }
}
