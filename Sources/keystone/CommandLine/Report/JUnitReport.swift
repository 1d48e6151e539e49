import KeystoneExperiment
import KeystoneKit
import KeystoneSpec

/// The verdicts as JUnit XML, which CI systems read: a suite per spec, a test case per run.
enum JUnitReport {
  static func text(_ reports: [SpecReport]) -> String {
    let suites = reports.map(suite).joined()
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\(suites)</testsuites>\n"
  }

  private static func suite(_ report: SpecReport) -> String {
    let results = report.results.json
    func count(_ keys: String...) -> Int64 { keys.reduce(0) { $0 + (results[$1]?.int ?? 0) } }
    let cases = report.results.scenarios.map { testCase($0, suite: report.spec.id) }.joined()
    let time = report.results.scenarios.reduce(0) { $0 + ($1["wall_ms"]?.int ?? 0) }
    return """
        <testsuite name="\(escaped(report.spec.id))" tests="\(report.results.scenarios.count)" \
      failures="\(count("failed"))" errors="\(count("errors"))" skipped="0" time="\(seconds(time))" \
      timestamp="\(escaped(report.record.createdAt))">
      \(cases)  </testsuite>

      """
  }

  private static func testCase(_ scenario: JSONValue, suite: String) -> String {
    let name = scenario["scenario_id"]?.string ?? ""
    let time = seconds(scenario["wall_ms"]?.int ?? 0)
    let head = "    <testcase classname=\"\(escaped(suite))\" name=\"\(escaped(name))\" time=\"\(time)\""
    let message = escaped(reasons(scenario).joined(separator: "\n"))
    switch scenario["status"]?.string {
    case "pass": return "\(head)/>\n"
    case "flaky": return "\(head)>\n      <system-out>flaky: \(message)</system-out>\n    </testcase>\n"
    case "fail": return "\(head)>\n      <failure message=\"\(message)\"/>\n    </testcase>\n"
    default: return "\(head)>\n      <error message=\"\(message)\"/>\n    </testcase>\n"
    }
  }

  private static func reasons(_ scenario: JSONValue) -> [String] {
    let error = scenario["error"]?.string.map { [$0] } ?? []
    let checks = (scenario["invariants"]?.array ?? []).filter { $0["passed"]?.bool != true }.map {
      "\($0["name"]?.string ?? ""): \($0["reason"]?.string ?? "")"
    }
    let rules = (scenario["forbidden_checks"]?.array ?? []).filter { $0["violated"]?.bool == true }.map {
      "forbidden \($0["rule"]?.string ?? ""): \($0["details"]?.string ?? "")"
    }
    return error + checks + rules
  }

  private static func seconds(_ milliseconds: Int64) -> String {
    let rest = milliseconds % 1000
    return "\(milliseconds / 1000)." + String(repeating: "0", count: rest < 10 ? 2 : rest < 100 ? 1 : 0) + "\(rest)"
  }

  /// Text as XML 1.0 allows it, in an attribute or between tags.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\t": result += "&#9;"
      case "\u{20}"..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}":
        result.unicodeScalars.append(scalar)
      default: result += "\u{FFFD}"
      }
    }
    return result
  }
}
