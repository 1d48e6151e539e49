import Glibc

/// The certificates that programs in a sandbox trust.
package enum TrustedAuthorities {
  /// The file with the sandbox's own authority.
  static let own = "authority.pem"
  /// The file with the authorities of this machine and the sandbox's own.
  static let all = "authorities.pem"
  /// The variables with which programs are told of other authorities than the system's.
  static let variables = [
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE",
    "DENO_CERT", "CARGO_HTTP_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  ]

  /// This machine's authorities with another one.
  package static func bundle(with authority: String) -> [UInt8] {
    system + Array("\n\(authority)".utf8)
  }

  /// This machine's authorities, read once; none where it keeps them elsewhere.
  private static let system: [UInt8] = {
    let descriptor = open("/etc/ssl/certs/ca-certificates.crt", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = Glibc.read(descriptor, &piece, piece.count), count > 0 { bytes += piece[..<count] }
    return bytes
  }()
}
