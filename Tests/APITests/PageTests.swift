import KeystoneKit
import Testing

@testable import KeystoneAPI

struct PageTests {
  @Test func aCursorNeedsNoEscapingAndComesBack() throws {
    for length in 0..<40 {
      let key: [JSONValue] = [.integer(Int64(length) << 40), .string(String(repeating: "ü?>~", count: length))]
      let cursor = Page.encode(key)
      #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
      #expect(try Page.decode(cursor) == key)
    }
  }

  @Test(arguments: ["x", "AAAA", "e30", "%%%", "a b"])
  func aForeignCursorIsRefused(_ cursor: String) {
    #expect(throws: APIError.self) { try Page.decode(cursor) }
  }

  @Test func aQueryIsReadAsFormsWriteIt() throws {
    let query = Query("a=1&b=x%20y+z&c&limit=5000&a=2")
    #expect(query["a"] == "2")
    #expect(query["b"] == "x y z")
    #expect(query["c"] == nil)
    #expect(try Page(query).limit == Page.largest)
    #expect(throws: APIError.self) { try Page(Query("limit=0")) }
    #expect(throws: APIError.self) { try Page(Query("limit=ten")) }
  }
}
