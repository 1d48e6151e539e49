import Glibc
import KeystoneKit
import Testing

/// The fixtures `git_repo` and `directory`.
@Suite struct PluginsFixtureTests {
  /// A repository with hooks, a submodule and a filter that would leave marks, in a workspace.
  private func repository(in workspace: Workspace) async throws -> (url: String, first: String, mark: String) {
    let mark = "\(workspace.path)/mark"
    try workspace.write(
      """
      set -eu
      git() { /usr/bin/git -c user.name=t -c user.email=t@example.com -c init.defaultBranch=main \
        -c protocol.file.allow=always "$@"; }
      mkdir sub && cd sub && git init -q && echo sub > sub.txt && git add . && git commit -qm sub && cd ..
      mkdir repo && cd repo && git init -q
      printf '*.x filter=evil\\n' > .gitattributes
      git config filter.evil.smudge 'touch \(mark)'
      echo one > one.txt && echo x > a.x && git add . && git commit -qm first && git tag v1
      git submodule --quiet add ../sub sub && git commit -qm submodule
      echo two > two.txt && git add . && git commit -qm second
      git checkout -q -b side && echo side > side.txt && git add . && git commit -qm side && git checkout -q main
      mkdir -p .git/hooks && printf '#!/bin/sh\\ntouch \(mark)\\n' > .git/hooks/post-checkout
      for hook in pre-receive post-update reference-transaction; do cp .git/hooks/post-checkout .git/hooks/$hook; done
      chmod +x .git/hooks/*
      git rev-parse v1 > ../first
      """, to: "make.sh")
    try await run(["sh", "make.sh"], in: workspace.path)
    let first = try #require(workspace.read("first")).split(separator: "\n").first.map(String.init) ?? ""
    unlink(mark)
    return ("file://\(workspace.path)/repo", first, mark)
  }

  @Test func branchesTagsCommitsAndDepthsAreCloned() async throws {
    let workspace = try Workspace()
    let (url, first, mark) = try await repository(in: workspace)
    func clone(_ path: String, _ more: JSONValue = [:]) -> JSONValue {
      var fixture = more
      fixture["type"] = "git_repo"
      fixture["url"] = .string(url)
      fixture["path"] = .string(path)
      return fixture
    }
    var spec = EvalSpec(checks: [
      "passes_default_branch": Check.command("test -f all/two.txt -a ! -f all/side.txt"),
      "passes_history": Check.command("test $(git -C all rev-list --count HEAD) = 3"),
      "passes_branch": Check.exists("side/side.txt"), "passes_tag": Check.command("test ! -f tag/two.txt"),
      "passes_commit": Check.command("test $(git -C commit rev-parse HEAD) = \(first)"),
      "passes_depth": Check.command("test $(git -C shallow rev-list --count HEAD) = 1"),
      "passes_no_submodule": Check.command("test -z \"$(ls all/sub 2>/dev/null)\""),
      "passes_owned": Check.command("git -C all status --porcelain && touch all/.git/index.new all/new.txt"),
      "passes_no_hook": Check.command("! ls all/.git/hooks/* | grep -v sample"),
    ])
    spec["fixtures"] = [
      clone("all"), clone("side", ["branch": "side"]), clone("tag", ["branch": "v1"]),
      clone("commit", ["branch": .string(first)]), clone("shallow", ["depth": 1]),
    ]
    let evaluation = try await workspace.evaluate(spec)
    expectWhatNamesSay(try evaluation.scenario())
    #expect(access(mark, F_OK) != 0, "something of the repository was run on the host")
  }

  @Test(arguments: [
    ("--upload-pack=touch mark", ""), ("-u touch", ""), ("ext::sh -c 'touch mark'", ""), ("ext::sh%20-c", ""),
    ("http://127.0.0.1:1/x", ""), ("git://127.0.0.1/x", ""), ("ssh://-oProxyCommand=touch/x", ""), ("", ""),
    ("https://127.0.0.1:1/x", "--upload-pack=touch mark"), ("https://127.0.0.1:1/x", "-b"),
    ("https://127.0.0.1:1/a b", ""), ("fd::17", ""),
  ])
  func addressesThatAreNoneAreRefusedInTheSpec(_ url: String, _ branch: String) async throws {
    let workspace = try Workspace()
    var spec = EvalSpec()
    spec["fixtures"] = [["type": "git_repo", "url": .string(url)]]
    if !branch.isEmpty { spec["fixtures"] = [["type": "git_repo", "url": .string(url), "branch": .string(branch)]] }
    let outcome = try await workspace.run(["spec", "check", workspace.write(spec)])
    #expect(outcome.exitCode == 2, "\(outcome)")
    expect(outcome.stderr, has: "spec.yaml:", branch.isEmpty ? "fixtures[0].url" : "fixtures[0].branch")
    #expect(access("\(workspace.path)/mark", F_OK) != 0)
  }

  @Test func repositoriesThatAreNotThereAreAnError() async throws {
    let workspace = try Workspace()
    for (url, branch) in [
      ("file:///nowhere/at/all", JSONValue.null), ("https://user:hunter2-pass@127.0.0.1:1/x.git", "main"),
    ] {
      var spec = EvalSpec()
      spec["fixtures"] = [["type": "git_repo", "url": .string(url), "branch": branch]]
      if branch == .null { spec["fixtures"] = [["type": "git_repo", "url": .string(url)]] }
      let evaluation = try await workspace.evaluate(spec)
      #expect(evaluation.exitCode == 3)
      expect(try evaluation.scenario().error, has: "applying fixtures", "could not clone")
      #expect(
        !evaluation.outcome.stdout.contains("hunter2-pass") && !evaluation.outcome.stderr.contains("hunter2-pass"))
    }
  }

  @Test func aFixtureIsCutOffByItsTimeout() async throws {
    let workspace = try Workspace()
    let server = try PluginsServer.scripted([.hang])
    var spec = EvalSpec()
    // A server that speaks no TLS and says nothing keeps git waiting.
    spec["fixtures"] = [["type": "git_repo", "url": .string("https://127.0.0.1:\(server.port)/x"), "timeout": "1s"]]
    let evaluation = try await workspace.evaluate(spec)
    #expect(evaluation.exitCode == 3 && evaluation.outcome.duration < .seconds(20), "\(evaluation.outcome)")
  }

  private static func copying(_ source: String, to target: String? = nil, checks: [String: JSONValue]) -> EvalSpec {
    var fixture: JSONValue = ["type": "directory", "source": .string(source)]
    if let target { fixture["target"] = .string(target) }
    var spec = EvalSpec(checks: checks)
    spec["fixtures"] = [fixture]
    return spec
  }

  @Test func foldersBesideTheSpecAreCopied() async throws {
    let workspace = try Workspace()
    try workspace.write("a", to: "seed/a.txt")
    try workspace.write("b", to: "seed/deep/ü b.txt")
    try workspace.write("#!/bin/sh\nexit 0\n", to: "seed/run.sh", mode: 0o755)
    symlink("a.txt", "\(workspace.path)/seed/link")
    mkdir("\(workspace.path)/seed/empty", 0o755)
    let spec = Self.copying(
      "seed", to: "data",
      checks: [
        "passes_file": Check.file("data/a.txt", contains: "a"), "passes_deep": Check.exists("data/deep/ü b.txt"),
        "passes_mode": Check.command("data/run.sh"),
        "passes_link": Check.command("test \"$(readlink data/link)\" = a.txt"),
        "passes_empty": Check.command("test -d data/empty"), "passes_writable": Check.command("echo x >> data/a.txt"),
      ])
    expectWhatNamesSay(try await workspace.evaluate(spec).scenario())
    let file = Self.copying("seed/a.txt", to: "one.txt", checks: ["done": Check.command("true")])
    #expect(try await workspace.evaluate(file).exitCode == 0)
  }

  @Test func foldersOfTheWorkspaceAreCopied() async throws {
    let workspace = try Workspace()
    let (url, _, _) = try await repository(in: workspace)
    var spec = Self.copying(
      "",
      checks: ["passes_copied": Check.file("copy/one.txt", contains: "one"), "passes_kept": Check.exists("r/one.txt")])
    spec["fixtures"] = [
      ["type": "git_repo", "url": .string(url), "path": "r"], ["type": "directory", "source": "r", "target": "copy"],
    ]
    expectWhatNamesSay(try await workspace.evaluate(spec).scenario())
  }

  @Test(arguments: ["..", "../outside", "/HERE/outside", "link", "link/passwd", "seed/../../outside"])
  func nothingOutsideOfTheSpecsFolderIsCopied(_ source: String) async throws {
    let workspace = try Workspace()
    let source = source.replacing("/HERE", with: workspace.path)
    try workspace.write("top secret of the host", to: "outside/s.txt")
    try workspace.write("x", to: "specs/seed/a.txt")
    symlink("/etc", "\(workspace.path)/specs/link")
    let spec = Self.copying(source, checks: ["done": Check.command("true")])
    let file = try workspace.write(spec, to: "specs/spec.yaml")
    let outcome = try await workspace.run(["eval", "run", file, "--format", "json"])
    #expect(outcome.exitCode == 2 || outcome.exitCode == 3, "\(outcome)")
    expect(outcome.stdout + outcome.stderr, has: source)
    try await workspace.expectNothingLeft()
  }

  @Test func linksThatAreCopiedLeadNowhereInTheHost() async throws {
    let workspace = try Workspace()
    try workspace.write("top secret of the host", to: "secret.txt")
    try workspace.write("x", to: "specs/seed/a.txt")
    symlink("\(workspace.path)/secret.txt", "\(workspace.path)/specs/seed/out")
    let spec = Self.copying(
      "seed", checks: ["fails_read": Check.file("out", contains: "top secret"), "passes_file": Check.exists("a.txt")])
    let evaluation = try await workspace.evaluate(file: workspace.write(spec, to: "specs/spec.yaml"))
    expectWhatNamesSay(try evaluation.scenario())
    #expect(!evaluation.outcome.stdout.contains("top secret of"))
  }

  @Test func sourcesThatAreMissingOrNoFilesAreClearErrors() async throws {
    let workspace = try Workspace()
    mkfifo("\(workspace.path)/pipe", 0o644)
    for source in ["none", "pipe"] {
      let evaluation = try await workspace.evaluate(Self.copying(source, checks: ["done": Check.command("true")]))
      #expect(evaluation.exitCode == 3)
      expect(try evaluation.scenario().error, has: "applying fixtures", source)
    }
  }
}
