import Testing

/// Runs every test of a plugin, as SwiftPM would.
@main struct TestMain {
  static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
