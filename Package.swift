// swift-tools-version: 6.2
import PackageDescription

// One strictness for every target: Swift 6 mode, `any` written out, imports private unless said otherwise.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A built-in plugin: one folder below `Sources/Plugins`, one shared library with one exported symbol.
struct Plugin {
  var name: String
  var dependencies: [Target.Dependency] = []

  var module: String { "Plugin_\(name)" }

  var product: Product { .library(name: "keystone_\(name)", type: .dynamic, targets: [module]) }

  var target: Target {
    .target(
      name: module,
      dependencies: ["KeystoneKit"] + dependencies,
      path: "Sources/Plugins/\(name)",
      swiftSettings: strict,
      linkerSettings: exportingOneSymbol
    )
  }
}

let exportingOneSymbol: [LinkerSetting] = [
  .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/Plugins/plugin.map"])
]

let plugins: [Plugin] = [
  Plugin(name: "local", dependencies: ["CChild", "SandboxHelper"]),
  Plugin(name: "docker", dependencies: ["SandboxHelper"]),
  Plugin(name: "git_repo", dependencies: [.product(name: "Subprocess", package: "swift-subprocess")]),
  Plugin(name: "directory"),
  Plugin(name: "command_exit"),
  Plugin(name: "file_exists"),
  Plugin(name: "file_absent"),
  Plugin(name: "file_content", dependencies: ["RegularExpression"]),
  Plugin(name: "http_mock_assertions", dependencies: ["RegularExpression"]),
  Plugin(name: "http_except"),
  Plugin(name: "custom"),
  Plugin(name: "llm_as_judge"),
  Plugin(name: "file_writes_outside"),
  Plugin(name: "secrets_in_logs"),
  Plugin(name: "sql", dependencies: ["DatabaseClient"]),
  Plugin(name: "drift", dependencies: ["DatabaseClient"]),
  Plugin(name: "db_writes_outside"),
  Plugin(name: "cli"),
  Plugin(name: "paragon"),
  Plugin(name: "python"),
  Plugin(name: "snapshot"),
  Plugin(name: "http"),
  Plugin(name: "image"),
  Plugin(name: "webhook", dependencies: ["SlackBlocks"]),
  Plugin(name: "slack", dependencies: ["SlackBlocks"]),
  Plugin(name: "email", dependencies: ["CCurl"]),
]

/// A plugin that only tests load; the built-ins' list does not name it.
let testPlugin = Target.target(
  name: "TestPlugin_echo",
  dependencies: ["KeystoneKit"],
  path: "Tests/Plugins/echo",
  swiftSettings: strict,
  linkerSettings: [
    .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/Plugins/plugin.map"])
  ]
)

/// A room of the host: a module in `Sources/keystone/<folder>`.
func room(_ folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: "Keystone\(folder)", dependencies: dependencies, path: "Sources/keystone/\(folder)",
    swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "keystone",
  products: [
    .executable(name: "keystone", targets: ["keystone"]),
    .library(name: "KeystoneKit", targets: ["KeystoneKit"]),
    .library(name: "KeystoneTestKit", targets: ["KeystoneTestKit"]),
    .library(name: "keystone-benchmark-typed", type: .dynamic, targets: ["BenchmarkTyped"]),
    .library(name: "TestPlugin_echo", type: .dynamic, targets: [testPlugin.name]),
  ] + plugins.map(\.product),
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    // Serving HTTP, and what it stands on: the Swift server community's own.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // TLS and the sandbox's own certificate authority.
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    // What swift-certificates writes certificates down with.
    .package(url: "https://github.com/apple/swift-asn1", from: "1.0.0"),
  ],
  targets: [
    // The boundary, and what a plugin author imports.
    .target(name: "CKeystonePlugin"),
    .target(name: "KeystoneKit", dependencies: ["CKeystonePlugin"], swiftSettings: strict),
    // What a plugin author's tests import, and the plain sandboxes under it.
    .target(name: "CFolder"),
    .target(name: "KeystoneFolder", dependencies: ["KeystoneKit", "CFolder", "CDigest"], swiftSettings: strict),
    .target(
      name: "KeystoneTestKit", dependencies: ["KeystoneKit", "KeystoneFolder", "CKeystonePlugin"], swiftSettings: strict
    ),

    // Libraries of the system.
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    // PostgreSQL's own parser: what a statement writes is not for us to guess.
    .systemLibrary(name: "CPGQuery", providers: [.apt(["libpg-query-dev"])]),
    .target(name: "RegularExpression", dependencies: ["KeystoneKit", "CPCRE2"], swiftSettings: strict),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .target(name: "CCurl"),
    // What two notifiers send.
    .target(name: "SlackBlocks", dependencies: ["KeystoneKit"], swiftSettings: strict),
    .target(name: "CDigest"),
    .target(name: "CChild"),
    .target(name: "CSandbox"),

    // What runtimes share whose sandboxes have our helper as first process.
    .target(name: "SandboxHelper", dependencies: ["KeystoneKit"], swiftSettings: strict),

    // What the plugins for databases share.
    .target(name: "DatabaseClient", dependencies: ["KeystoneKit"], swiftSettings: strict),

    // The host, room by room; an arrow that is not here cannot be drawn.
    room("Spec", ["KeystoneKit", "CYAML"]),
    room("PluginHost", ["KeystoneKit", "CKeystonePlugin", "CDigest", "CChild"]),
    room("PluginValidation", ["KeystoneKit", "KeystonePluginHost", "KeystoneTestKit"]),
    room("Outbound", ["CCurl"]),
    room("Sandbox", ["KeystoneKit", "KeystoneSpec", "KeystonePluginHost", "KeystoneOutbound", "CSandbox", "CDigest"]),
    room("Experiment", ["KeystoneKit", "KeystoneSpec", "KeystonePluginHost", "KeystoneSandbox"]),
    room("Records", ["KeystoneKit", "KeystoneSpec", "KeystoneSandbox", "KeystoneExperiment", "CZlib", "CPCRE2"]),
    room(
      "Store",
      [
        "KeystoneKit", "KeystoneSpec", "KeystoneExperiment", "KeystoneRecords",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    room(
      "Gateway",
      [
        "CPGQuery", "KeystoneKit", "KeystoneSpec", "KeystoneSandbox", "KeystoneOutbound",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    room(
      "API",
      [
        "KeystoneKit", "KeystoneSpec", "KeystonePluginHost", "KeystoneSandbox", "KeystoneExperiment", "KeystoneRecords",
        "KeystoneStore",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "keystone",
      dependencies: [
        "KeystoneKit", "KeystoneSpec", "KeystonePluginHost", "KeystoneSandbox", "KeystoneExperiment",
        "KeystoneRecords", "KeystoneStore", "KeystoneOutbound", "KeystoneGateway", "KeystoneAPI",
        "KeystonePluginValidation", "KeystoneTestKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      path: "Sources/keystone/CommandLine",
      swiftSettings: strict),

    // Tests mirror the sources.
    testPlugin,
    tests("KeystoneKitTests", ["KeystoneKit"]),
    tests("SpecTests", ["KeystoneSpec"]),
    tests("PluginHostTests", ["KeystonePluginHost"]),
    tests("OutboundTests", ["KeystoneOutbound"]),
    tests("SandboxTests", ["KeystoneSandbox", "KeystoneKit"]),
    tests(
      "GatewayTests",
      [
        "KeystoneGateway", "KeystoneSandbox", "KeystoneSpec", "KeystoneKit",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    tests("ExperimentTests", ["KeystoneExperiment", "KeystoneSpec", "KeystoneKit"]),
    tests("RecordsTests", ["KeystoneRecords", "KeystoneKit", "CZlib"]),
    tests("PluginTests", ["KeystoneKit", "CPCRE2"]),
    tests(
      "StoreTests",
      [
        "KeystoneStore", "KeystoneRecords", "KeystoneExperiment", "KeystoneKit",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests("ConformanceTests", ["KeystoneKit", "KeystoneTestKit"]),
    tests("LocalRuntimeTests", ["KeystoneKit", "CChild", "SandboxHelper"]),
    tests("APITests", ["KeystoneAPI", "KeystoneKit"]),
    tests("EvalTests", ["KeystoneKit"]),

    // What `make bench` runs.
    .executableTarget(
      name: "keystone-benchmark",
      dependencies: ["KeystoneKit", "KeystonePluginHost", "KeystoneSandbox", "KeystoneExperiment", "KeystoneStore"],
      path: "Tests/Benchmarks/Boundary", swiftSettings: strict),
    .target(
      name: "BenchmarkTyped", dependencies: ["KeystoneKit"], path: "Tests/Benchmarks/Typed", swiftSettings: strict,
      linkerSettings: exportingOneSymbol),
  ] + plugins.map(\.target)
)

// What `Tests/Sanitizers` builds with a sanitizer; nobody else needs it.
if Context.environment["KEYSTONE_SANITIZERS"] != nil {
  package.products.append(.library(name: "TestPlugin_traffic", type: .dynamic, targets: ["TestPlugin_traffic"]))
  package.targets += [
    .executableTarget(
      name: "sanitizer-driver", dependencies: ["KeystoneKit", "KeystonePluginHost", "CKeystonePlugin"],
      path: "Tests/Sanitizers/Driver", swiftSettings: strict),
    .target(
      name: "TestPlugin_traffic", dependencies: ["KeystoneKit"], path: "Tests/Plugins/traffic",
      swiftSettings: strict, linkerSettings: exportingOneSymbol),
  ]
}
