/// The beginning of a shared library (ELF), which says whether this process could load it.
package enum SharedLibraryHeader {
  /// How many bytes are looked at.
  package static let size = 20

  #if arch(x86_64)
    private static let machine: UInt16 = 62
  #elseif arch(arm64)
    private static let machine: UInt16 = 183
  #endif

  /// Names of processors, by their number in the header.
  private static let machines: [UInt16: String] = [
    3: "x86 (32 bit)", 40: "ARM (32 bit)", 62: "x86-64", 183: "ARM64", 243: "RISC-V", 22: "s390x", 21: "POWER",
  ]

  /// Why a file that begins with `bytes` cannot be loaded, as the rest of a sentence, or `nil` when it can.
  package static func problem(in bytes: [UInt8]) -> String? {
    guard bytes.count == size, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      return "is not a shared library: give the .so file that the plugin's build made"
    }
    guard bytes[4] == 2, bytes[5] == 1 else {
      return "is not made for a 64-bit little-endian processor: build it for \(name(of: machine))"
    }
    let found = UInt16(bytes[18]) | UInt16(bytes[19]) << 8
    guard found == machine else {
      return "is made for \(name(of: found)), and this machine is \(name(of: machine)): build it for this machine"
    }
    guard bytes[16] == 3, bytes[17] == 0 else {
      return "is not a shared library but another kind of program: link it with `-shared`"
    }
    return nil
  }

  private static func name(of machine: UInt16) -> String { machines[machine] ?? "processor number \(machine)" }
}
