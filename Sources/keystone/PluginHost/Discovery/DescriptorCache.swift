import KeystoneKit

/// What plugins said of themselves, by the SHA-256 of their files.
struct DescriptorCache {
  private let folder: PrivateFolder

  init(_ folder: PrivateFolder) { self.folder = folder.folder("descriptors") }

  /// What the file with that digest said, or `nil` when it was not asked yet.
  func descriptor(_ digest: String) -> PluginDescriptor? {
    guard digest.utf8.count == 64, let bytes = try? folder.read("\(digest).json"),
      let descriptor = try? PluginDescriptor(answer: bytes)
    else { return nil }
    return descriptor
  }

  /// Keeps an answer; without a writable folder the plugin is asked again at the next start.
  func keep(_ answer: [UInt8], of digest: String) {
    try? folder.create()
    try? folder.write(answer, to: "\(digest).json")
  }
}
