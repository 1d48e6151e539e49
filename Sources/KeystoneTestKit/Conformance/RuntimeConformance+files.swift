import KeystoneKit

extension RuntimeConformance {
  static func fileCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("a file comes back byte for byte") { sandbox in
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await sandbox.write("bytes", bytes)
        try expect(try await sandbox.read("bytes") == bytes, "other bytes came back")
      },
      runtime.sandbox("an empty file is a file") { sandbox in
        let written = try await sandbox.write("empty", "")
        let status = try await sandbox.status("empty")
        try expect(written.size == 0 && status.kind == .file && status.size == 0, "it has \(status.size) bytes")
        try expect(try await sandbox.read("empty").isEmpty, "something came back")
      },
      runtime.sandbox("eight megabytes pass in both directions, and a part of them") { sandbox in
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        let status = try await sandbox.write("big", bytes)
        try expect(status.size == 8 << 20, "\(status.size) bytes were written")
        try expect(try await sandbox.read("big").count == 8 << 20, "not all of them came back")
        let part = try await sandbox.read("big", offset: 8 << 20 - 3, limit: 10)
        try expect(part.count == 3 || part.count == 10, "\(part.count) bytes came back of a part")
        let few = try await sandbox.read("big", offset: 5, limit: 10)
        try expect(few.count == 10, "\(few.count) bytes came back of ten")
        try expect(try await sandbox.read("big", offset: 9 << 20).isEmpty, "something is behind the end")
      },
      runtime.sandbox("writing makes folders and keeps the mode") { sandbox in
        let status = try await sandbox.write("a/b/c.sh", Array("#!/bin/sh\necho ran\n".utf8), mode: 0o755)
        try expect(status.mode & 0o777 == 0o755, "its mode is \(String(status.mode, radix: 8))")
        let ran = try await sandbox.run(Command(["./a/b/c.sh"]))
        try expect(ran.text == "ran\n", "`\(ran.text)`")
      },
      runtime.sandbox("writing replaces the whole file") { sandbox in
        try await sandbox.write("file", "a long text")
        try await sandbox.write("file", "short")
        let text = try await sandbox.text("file")
        try expect(text == "short", "`\(text)`")
      },
      runtime.sandbox("writing to a folder is an error that leaves it alone") { sandbox in
        _ = try await sandbox.shell("mkdir folder; touch folder/kept")
        _ = try await SandboxUnderTest.code("it") { try await sandbox.write("folder", "x") }
        _ = try await SandboxUnderTest.code("below a file") { try await sandbox.write("folder/kept/x", "x") }
        try expect(try await sandbox.status("folder/kept").kind == .file, "it is gone")
      },
      runtime.sandbox("commands and the host see the same files") { sandbox in
        try await sandbox.write("in", "hello")
        let ran = try await sandbox.shell("cat in && printf more >> in && printf out > out")
        try expect(ran.text == "hello", "the command saw `\(ran.text)`")
        let (first, second) = (try await sandbox.text("in"), try await sandbox.text("out"))
        try expect(first == "hellomore" && second == "out", "the host saw `\(first)` and `\(second)`")
      },
      runtime.sandbox("what is missing is not found") { sandbox in
        try await sandbox.write("file", "x")
        for path: SandboxPath in ["none", "none/none", "file/none"] {
          let read = try await SandboxUnderTest.code("reading \(path)") { _ = try await sandbox.read(path) }
          let stat = try await SandboxUnderTest.code("looking at \(path)") { _ = try await sandbox.status(path) }
          let list = try await SandboxUnderTest.code("listing \(path)") { _ = try await sandbox.list(path) }
          try expect(
            [read, stat, list] == [.notFound, .notFound, .notFound], "\(path): `\(read)`, `\(stat)`, `\(list)`")
        }
      },
      runtime.sandbox("what is no regular file cannot be read, and nobody waits for it") { sandbox in
        _ = try await sandbox.shell("mkfifo pipe; mkdir folder")
        for path: SandboxPath in ["pipe", "folder"] {
          let code = try await SandboxUnderTest.code("reading \(path)") { _ = try await sandbox.read(path) }
          try expect(code == .invalid, "\(path): `\(code)`")
        }
      },
      runtime.sandbox("a folder's list is complete, with kinds and sizes") { sandbox in
        _ = try await sandbox.shell("mkdir -p d/e; printf abc > d/f; ln -s f d/l; mkfifo d/p; printf x > d/e/g")
        let flat = try await sandbox.list("d")
        let kinds = flat.map { "\($0.path):\($0.kind.rawValue)" }.sorted()
        try expect(kinds == ["e:directory", "f:file", "l:symlink", "p:other"], "\(kinds)")
        try expect(flat.first { $0.path == "f" }?.size == 3, "the size of f is wrong")
        let deep = try await sandbox.list("d", recursive: true).map { "\($0.path)" }.sorted()
        try expect(deep == ["e", "e/g", "f", "l", "p"], "\(deep)")
      },
      runtime.sandbox("five hundred files are listed") { sandbox in
        _ = try await sandbox.shell("mkdir many; i=0; while [ $i -lt 500 ]; do : > many/file-$i; i=$((i+1)); done")
        let count = try await sandbox.list("many").count
        try expect(count == 500, "\(count) are listed")
      },
      runtime.sandbox("removing takes everything below, and what is not there is no error") { sandbox in
        _ = try await sandbox.shell("mkdir -p a/b/c; touch a/b/f; mkdir a/closed; touch a/closed/x; chmod 0 a/closed")
        try await sandbox.call("remove", SandboxCall(path: "a"))
        try await sandbox.call("remove", SandboxCall(path: "a"))
        let code = try await SandboxUnderTest.code("looking at it") { _ = try await sandbox.status("a") }
        try expect(code == .notFound, "`\(code)`")
      },
      runtime.sandbox("the tree has a digest of every byte and sees a change of the same size") { sandbox in
        _ = try await sandbox.shell("mkdir d; printf abc > d/f; ln -s f d/l; mkfifo p")
        let first = try await sandbox.hash()
        let digest = first["d/f"]?.sha256 ?? "none"
        try expect(
          digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "the digest of abc is \(digest)"
        )
        try expect(
          first["d/l"]?.target == "f", "the link's target is \(first["d/l"]?.target?.description ?? "not said")")
        _ = try await sandbox.shell("touch -r d/f stamp; printf abd > d/f; touch -r stamp d/f; rm stamp")
        let second = try await sandbox.hash()
        try expect(second["d/f"]?.sha256 != digest && second["d/f"] != nil, "the change was not seen")
      },
      runtime.sandbox("forty files are written at once") { sandbox in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<40 { group.addTask { try await sandbox.write(SandboxPath("f\(number)"), "\(number)") } }
          try await group.waitForAll()
        }
        for number in [0, 13, 39] {
          let text = try await sandbox.text(SandboxPath("f\(number)"))
          try expect(text == "\(number)", "file \(number) holds `\(text)`")
        }
      },
      runtime.sandbox("the mode of a file is what it is") { sandbox in
        _ = try await sandbox.shell("touch a b; chmod 640 a; chmod 0 b")
        let (first, second) = (try await sandbox.status("a").mode & 0o777, try await sandbox.status("b").mode & 0o777)
        try expect(first == 0o640 && second == 0, "\(String(first, radix: 8)) and \(String(second, radix: 8))")
      },
    ]
  }

  static func pathCases(_ runtime: RuntimeUnderTest) -> [ConformanceCase] {
    [
      runtime.sandbox("/workspace is the workspace") { sandbox in
        try await sandbox.write("/workspace/a/b", "x")
        let text = try await sandbox.text("a/b")
        try expect(text == "x", "`\(text)`")
        try expect(try await sandbox.list("/workspace").map(\.path) == ["a"], "it lists something else")
      },
      runtime.sandbox("other absolute paths are the sandbox's own") { sandbox in
        let name = "/tmp/keystone-conform-\(sandbox.id)"
        _ = try await sandbox.shell("printf there > \(name)")
        let text = try await sandbox.text(SandboxPath(name))
        _ = try await sandbox.shell("rm \(name)")
        try expect(text == "there", "`\(text)`")
      },
      runtime.sandbox("tmp/… that is not in the workspace is in /tmp") { sandbox in
        let name = "keystone-conform-\(sandbox.id)"
        _ = try await sandbox.shell("printf there > /tmp/\(name)")
        let text = try await sandbox.text(SandboxPath("tmp/\(name)"))
        _ = try await sandbox.shell("rm /tmp/\(name)")
        try expect(text == "there", "`\(text)`")
      },
      runtime.sandbox("odd names are names") { sandbox in
        let names: [SandboxPath] = [
          "with space", "né ☃ 日本", "new\nline", "-rf", "'quote\"", "$HOME", "*", ".hidden",
          SandboxPath(bytes: [0x66, 0xFF, 0xFE, 0x66]),
        ]
        for name in names {
          try await sandbox.write(name, Array(name.bytes))
          try expect(try await sandbox.read(name) == name.bytes, "`\(name)` holds something else")
        }
        let listed = Set(try await sandbox.list(".").map(\.path))
        try expect(listed == Set(names), "it lists \(listed.map(\.description).sorted())")
        let count = try await sandbox.shell("ls -A | tr -d '\\n' | wc -c").status
        try expect(count.isSuccess, "the command \(count.ending)")
      },
      runtime.sandbox("a link is reported as a link, and one that stays inside is followed") { sandbox in
        _ = try await sandbox.shell(
          "printf in > real; ln -s real link; mkdir d; ln -s ../real d/up; ln -s none dangling")
        let status = try await sandbox.status("link")
        try expect(status.kind == .symlink && status.target == "real", "\(status.kind) to \(status.target ?? "?")")
        for path: SandboxPath in ["link", "d/up"] {
          let text = try await sandbox.text(path)
          try expect(text == "in", "\(path) holds `\(text)`")
        }
        try expect(try await sandbox.status("dangling").kind == .symlink, "a dangling link is not seen")
        let code = try await SandboxUnderTest.code("reading it") { _ = try await sandbox.read("dangling") }
        try expect(code == .notFound, "reading a dangling link: `\(code)`")
      },
      runtime.sandbox("removing a link leaves what it points to") { sandbox in
        _ = try await sandbox.shell("mkdir d; printf x > d/kept; ln -s d link")
        try await sandbox.call("remove", SandboxCall(path: "link"))
        try expect(try await sandbox.text("d/kept") == "x", "it is gone")
      },
      runtime.sandbox("no path and no link leads out of the workspace") { sandbox in
        _ = try await sandbox.shell(
          "ln -s /etc/passwd out; ln -s ../../../../etc/passwd up; ln -s / root; ln -s loop loop")
        for path: SandboxPath in [
          "out", "up", "root/etc/passwd", "../../../etc/passwd", "/workspace/../etc/passwd", "loop",
        ] {
          let code = try await SandboxUnderTest.code("reading \(path)") { _ = try await sandbox.read(path) }
          try expect([.denied, .notFound, .invalid].contains(code), "\(path): `\(code)`")
        }
      },
      runtime.sandbox("nothing is written through a link that leads out") { sandbox in
        let name = "keystone-conform-\(sandbox.id)"
        _ = try await sandbox.shell("ln -s / root; ln -s /tmp/\(name) file")
        _ = try await SandboxUnderTest.code("writing below it") {
          try await sandbox.write(SandboxPath("root/tmp/\(name)"), "x")
        }
        // A link as the last part may be replaced; what it points to stays as it is.
        _ = try? await sandbox.write("file", "x")
        let seen = try await sandbox.shell("test -e /tmp/\(name)").status
        try expect(!seen.isSuccess, "/tmp/\(name) was written")
      },
      runtime.sandbox("a path with a NUL, or an endless one, is refused and the sandbox goes on") { sandbox in
        let endless = SandboxPath(String(repeating: "x", count: 1 << 20))
        for path in [SandboxPath(bytes: [97, 0, 98]), endless] {
          _ = try await SandboxUnderTest.code("reading") { _ = try await sandbox.read(path) }
          _ = try await SandboxUnderTest.code("writing") { try await sandbox.write(path, "x") }
        }
        let ran = try await sandbox.shell("echo on")
        try expect(ran.text == "on\n", "`\(ran.text)`")
      },
      runtime.sandbox("protected files are there to be read, and names that lead out are refused") { sandbox in
        try await sandbox.write("check/run.sh", Array("judge".utf8), area: .protected)
        let ran = try await sandbox.run(Command(["cat", "\(sandbox.environment.protectedPath)/check/run.sh"]))
        try expect(ran.text == "judge", "a command sees `\(ran.text)`")
        for path: SandboxPath in ["../x", "/x", "a/../../x", ""] {
          _ = try await SandboxUnderTest.code("writing \(path)") { try await sandbox.write(path, [], area: .protected) }
        }
      },
    ]
  }
}
