import Glibc
import Testing

@testable import KeystoneSpec

@Suite struct SpecFileTests {
  @Test func filesAreRead() throws {
    try withFolder { folder in
      let path = folder + "/spec.yaml"
      try write(minimalSpec, to: path)
      #expect(try SpecFile.read(path).bytes == Array(minimalSpec.utf8))
    }
  }

  @Test func whatIsNoRegularFileIsRefusedAtOnce() throws {
    try withFolder { folder in
      #expect(message(folder).contains("a directory"))
      #expect(message(folder + "/none.yaml").contains("no such file"))
      #expect(message(folder + "/none\0.yaml").contains("no such file"))
      #expect(message("/dev/zero").contains("a device"))
      #expect(mkfifo(folder + "/fifo", 0o600) == 0)
      #expect(message(folder + "/fifo").contains("a FIFO"))
      try makeSocket(folder + "/socket")
      #expect(message(folder + "/socket").contains("a socket"))
      #expect(symlink(folder + "/fifo", folder + "/link") == 0)
      #expect(message(folder + "/link").contains("a FIFO"))
      #expect(symlink("loop", folder + "/loop") == 0)
      #expect(message(folder + "/loop").contains("cannot be read"))
    }
  }

  @Test func hugeFilesAreRefusedWithoutReading() throws {
    try withFolder { folder in
      let path = folder + "/huge.yaml"
      try write("", to: path)
      #expect(truncate(path, 5 << 30) == 0)
      #expect(message(path).contains("5368709120 bytes"))
    }
  }

  private func message(_ path: String) -> String {
    do {
      _ = try SpecFile.read(path)
      return "it was read"
    } catch {
      return error.rendered
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/keystone-spec-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap(mkdtemp) }
    let folder = String(cString: try #require(made))
    defer {
      for name in ["spec.yaml", "fifo", "socket", "link", "loop", "huge.yaml"] { unlink(folder + "/" + name) }
      rmdir(folder)
    }
    try body(folder)
  }

  private func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fputs(text, file) >= 0)
  }

  private func makeSocket(_ path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    #expect(bound == 0)
  }
}
