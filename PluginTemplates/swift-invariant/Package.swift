// swift-tools-version: 6.2
import Foundation
import PackageDescription

// For editors and `swift build`; `make` builds the plugin itself, with its own Swift runtime.
let sdk = ProcessInfo.processInfo.environment["KEYSTONE_SDK"] ?? "@KEYSTONE_SDK@"

let package = Package(
  name: "example-name",
  dependencies: [.package(name: "keystone", path: sdk)],
  targets: [
    .target(
      name: "ExampleName",
      dependencies: [.product(name: "KeystoneKit", package: "keystone")],
      path: "Sources"),
    .testTarget(
      name: "ExampleNameTests",
      dependencies: [
        "ExampleName", .product(name: "KeystoneKit", package: "keystone"),
        .product(name: "KeystoneTestKit", package: "keystone"),
      ],
      path: "Tests"),
  ]
)
