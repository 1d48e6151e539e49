import KeystoneKit
import Testing

/// `setup.packages` through the package manager of the image.
@Suite(TestEngine.isThere, .timeLimit(.minutes(5)))
struct PackageTests {
  /// Makes an image whose only repository is a folder of its own with the package `keystone-greeting`.
  private static let repository = """
    set -e
    mkdir -p /repository/tree/DEBIAN /repository/tree/usr/bin
    cd /repository
    printf '#!/bin/sh\\necho installed\\n' > tree/usr/bin/keystone-greeting
    chmod 755 tree/usr/bin/keystone-greeting
    cat > tree/DEBIAN/control <<END
    Package: keystone-greeting
    Version: 1.0
    Architecture: all
    Maintainer: Keystone <nobody@example.com>
    Description: greets
    END
    dpkg-deb --root-owner-group --build tree greeting.deb
    { cat tree/DEBIAN/control; echo "Filename: ./greeting.deb"; echo "Size: $(stat -c %s greeting.deb)"
      echo "SHA256: $(sha256sum greeting.deb | cut -d ' ' -f 1)"; } > Packages
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d /var/lib/apt/lists/*
    echo "deb [trusted=yes] file:/repository ./" > /etc/apt/sources.list
    """

  @Test func aptInstallsWhatTheSpecNamesAndSaysWhatItCannotFind() async throws {
    try await withImage("packages", madeBy: Self.repository) { image in
      var spec = EvalSpec(agent: "keystone-greeting")
      spec["base"] = .string(image)
      spec["setup.packages"] = ["keystone-greeting"]
      let run = try await Workspace().evaluate(spec, in: .docker)
      #expect(try run.scenario().agentOutput == "installed\n", "\(run.outcome)")
      spec["setup.packages"] = ["keystone-greeting", "no-such-package"]
      let missing = try await Workspace().evaluate(spec, in: .docker)
      let scenario = try missing.scenario()
      let words = "could not be installed: E: Unable to locate package no-such-package"
      #expect(scenario.status == "error" && missing.exitCode == 3, "\(missing.outcome)")
      #expect(scenario.error?.contains(words) == true, "\(scenario.error ?? "")")
    }
  }

  @Test func anImageWithoutPackageManagerIsRefused() async throws {
    try await withImage("unmanaged", madeBy: "rm /usr/bin/apt-get") { image in
      var spec = EvalSpec(agent: "true")
      spec["base"] = .string(image)
      spec["setup.packages"] = ["jq"]
      let run = try await Workspace().evaluate(spec, in: .docker)
      let scenario = try run.scenario()
      #expect(scenario.status == "error", "\(run.outcome)")
      #expect(scenario.error?.contains("the image has none of the package managers") == true, "\(run.outcome)")
    }
  }

  /// Lends an image that is what a script has made of the tests' Debian.
  private func withImage(_ name: String, madeBy script: String, use: (String) async throws -> Void) async throws {
    let (image, container) = ("keystone-test/\(name):12", "keystone-test-\(name)")
    _ = try await TestEngine.ask(
      "run", "--name", container, "--network", "none", TestEngine.debian, "/bin/sh", "-c", script)
    _ = try await TestEngine.ask("commit", "--change", "CMD [\"/bin/sh\"]", container, image)
    _ = try await TestEngine.ask("rm", "-f", container)
    let used: Result<Void, any Error>
    do { used = .success(try await use(image)) } catch { used = .failure(error) }
    _ = try await TestEngine.ask("rmi", "-f", image)
    try used.get()
  }
}
