// swift-tools-version: 6.2
import PackageDescription

// What plugin authors depend on: KeystoneKit, the test kit and the header, and nothing else of the host.

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "keystone",
  products: [
    .library(name: "KeystoneKit", targets: ["KeystoneKit"]),
    .library(name: "KeystoneFolder", targets: ["KeystoneFolder"]),
    .library(name: "KeystoneTestKit", targets: ["KeystoneTestKit"]),
  ],
  targets: [
    .target(name: "CKeystonePlugin"), .target(name: "CDigest"), .target(name: "CFolder"),
    .target(name: "KeystoneKit", dependencies: ["CKeystonePlugin"], swiftSettings: strict),
    .target(name: "KeystoneFolder", dependencies: ["KeystoneKit", "CFolder", "CDigest"], swiftSettings: strict),
    .target(
      name: "KeystoneTestKit", dependencies: ["KeystoneKit", "KeystoneFolder", "CKeystonePlugin"], swiftSettings: strict
    ),
  ]
)
