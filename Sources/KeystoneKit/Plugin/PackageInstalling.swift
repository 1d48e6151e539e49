/// A sandbox that can install packages by name, for `setup.packages`.
///
/// Without it the host refuses specs that name packages before anything is started.
public protocol PackageInstalling: RuntimeSandbox {
  /// Installs packages with the image's own package manager.
  func installPackages(_ names: [String]) async throws
}
