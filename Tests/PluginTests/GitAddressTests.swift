import KeystoneKit
import Testing

@Suite struct GitAddressTests {
  @Test(arguments: [
    "https://github.com/a/b", "HTTPS://github.com/a/b.git", "ssh://git@host:22/a", "git@github.com:a/b.git", "host:a",
  ])
  func httpsAndSSHAreAllowed(_ text: String) throws {
    #expect(try GitAddress(text, allowsLocalFiles: false).text == text)
  }

  @Test(arguments: [
    "", "-uhttps://x", "--upload-pack=touch /tmp/x", "http://host/a", "git://host/a", "ext::sh -c id", "ext::id",
    "https://", "https:///a", "ssh://-oProxyCommand=id/x", "../repo", "repo", "https://host/a\nb", "ftp://host/a",
  ])
  func everythingElseIsRefused(_ text: String) {
    #expect(throws: PluginError.self) { try GitAddress(text, allowsLocalFiles: true) }
  }

  @Test(arguments: ["/srv/repo.git", "file:///srv/repo.git"])
  func theMachinesOwnRepositoriesNeedAllowance(_ text: String) throws {
    let error = #expect(throws: PluginError.self) { try GitAddress(text, allowsLocalFiles: false) }
    #expect(error?.code == .denied)
    #expect(try GitAddress(text, allowsLocalFiles: true).shown == text)
  }

  @Test func credentialsAreNotShown() throws {
    let address = try GitAddress("https://me:to@ken@host/a@b", allowsLocalFiles: false)
    #expect(address.credentials == "me:to@ken")
    #expect(address.shown == "https://host/a@b")
  }
}
