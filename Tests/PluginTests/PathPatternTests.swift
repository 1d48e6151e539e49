import KeystoneKit
import Testing

@Suite struct PathPatternTests {
  @Test(arguments: [
    ("src", "src/a"), ("src/", "src/a/b"), ("src/a", "src/a"), ("./src", "src/a"), (".", "any/thing"),
    ("/workspace/src", "src/a"), ("/workspace", "a"), ("*.md", "README.md"), ("docs/*.md", "docs/a.md"),
    ("**/test", "a/b/test/c"), ("**/test", "test"), ("src/**", "src/a/b"), ("src/**/x.py", "src/x.py"),
    ("a?c", "abc"), ("a*b*c", "aXXbYYbc"), ("workspace", "workspace/a"),
  ])
  func coversWhatItNamesAndWhatIsBelow(_ pattern: String, _ path: String) {
    #expect(PathPattern(pattern).covers(SandboxPath(path)))
  }

  @Test(arguments: [
    ("src", "src2/a"), ("src/", "other"), ("src/a", "src/ab"), ("src/a", "src"), ("*.md", "docs/a.md"),
    ("**/test", "testing"), ("a?c", "ac"), ("a*b*c", "aXXbYYbcd"), ("src/**/x.py", "src/x.pyc"), ("*", ""),
  ])
  func coversNothingElse(_ pattern: String, _ path: String) {
    #expect(!PathPattern(pattern).covers(SandboxPath(path)))
  }

  @Test func pathsNeedNotBeText() {
    #expect(PathPattern("src/*").covers(SandboxPath(bytes: Array("src/".utf8) + [0xff])))
    #expect(!PathPattern("src").covers(SandboxPath(bytes: [0xff])))
  }
}
