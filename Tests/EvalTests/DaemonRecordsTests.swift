import Testing

/// The published Python SDK against the daemon's services that keep records: `Tests/Clients/records.py`.
@Suite struct DaemonRecordsTests {
  @Test(.timeLimit(.minutes(5)))
  func thePublishedClientWorksUnmodified() async throws {
    let process = try RunningProcess(
      ["\(Checkout.folder)/.build/python/bin/python3", "\(Checkout.folder)/Tests/Clients/records.py"],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "KEYSTONE_BIN": Keystone.folder, "HOME": "/tmp"], stdin: "",
      onEnd: {})
    let outcome = await process.outcome(within: .seconds(240))
    #expect(outcome.exitCode == 0, "\(outcome.stdout)\n\(outcome.stderr)")
  }
}
