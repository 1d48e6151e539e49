internal import KeystoneKit

/// What the daemon counts, as `/metrics` shows it to Prometheus.
package final class APIMetrics: Sendable {
  private struct Key: Hashable {
    var route: String
    var status: Int
  }

  private struct State {
    var requests: [Key: Int] = [:]
    var seconds: [String: (sum: Double, count: Int)] = [:]
    var gauges: [@Sendable () async -> [Gauge]] = []
  }

  /// A value that somebody knows when it is asked for.
  package struct Gauge: Sendable {
    let name: String
    let help: String
    let value: Double
    let labels: [(String, String)]

    /// A value with its name, such as `keystone_sandboxes`, and one sentence about it.
    package init(_ name: String, _ help: String, _ value: Double, labels: [(String, String)] = []) {
      self.name = name
      self.help = help
      self.value = value
      self.labels = labels
    }
  }

  private let state = Locked(State())

  /// Counters at zero.
  package init() {}

  /// Adds values that are asked for whenever the metrics are read.
  package func add(_ gauges: @escaping @Sendable () async -> [Gauge]) {
    state.withLock { $0.gauges.append(gauges) }
  }

  func count(route: String, status: Int, duration: Duration) {
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    state.withLock { state in
      state.requests[Key(route: route, status: status), default: 0] += 1
      let sum = state.seconds[route] ?? (0, 0)
      state.seconds[route] = (sum.sum + seconds, sum.count + 1)
    }
  }

  /// The text that Prometheus reads.
  func text() async -> String {
    let (requests, seconds, gauges) = state.withLock { ($0.requests, $0.seconds, $0.gauges) }
    var lines = [
      "# HELP keystone_http_requests_total Requests answered, by route and status.",
      "# TYPE keystone_http_requests_total counter",
    ]
    for (key, count) in requests.sorted(by: { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }) {
      lines.append("keystone_http_requests_total{route=\"\(key.route)\",status=\"\(key.status)\"} \(count)")
    }
    lines.append("# HELP keystone_http_request_seconds The time until the head of an answer, by route.")
    lines.append("# TYPE keystone_http_request_seconds summary")
    for (route, sum) in seconds.sorted(by: { $0.key < $1.key }) {
      lines.append("keystone_http_request_seconds_sum{route=\"\(route)\"} \(sum.sum)")
      lines.append("keystone_http_request_seconds_count{route=\"\(route)\"} \(sum.count)")
    }
    var named: Set<String> = []
    for source in gauges {
      for gauge in await source() {
        if named.insert(gauge.name).inserted {
          lines.append("# HELP \(gauge.name) \(gauge.help)")
          lines.append("# TYPE \(gauge.name) gauge")
        }
        let labels = gauge.labels.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",")
        lines.append("\(gauge.name)\(labels.isEmpty ? "" : "{\(labels)}") \(gauge.value)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
