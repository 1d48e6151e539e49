import KeystoneKit
import Testing

@Suite struct JSONValueDecoderTests {
  private func decode<T: Decodable>(_ type: T.Type, _ value: JSONValue) throws -> T {
    try JSONValueDecoder().decode(type, from: value)
  }

  @Test func everyIntegerWidthKeepsItsRange() throws {
    #expect(try decode(Int8.self, -128) == -128)
    #expect(try decode(UInt8.self, 255) == 255)
    #expect(try decode(Int16.self, .number(1e3)) == 1000)
    #expect(try decode(UInt32.self, "4294967295") == .max)
    #expect(try decode(Int64.self, "9223372036854775807") == .max)
    #expect(try decode(UInt64.self, "18446744073709551615") == .max)
    #expect(try decode(UInt64.self, .number(1e19)) == 10_000_000_000_000_000_000)
    #expect(throws: DecodingError.self) { try decode(Int8.self, 128) }
    #expect(throws: DecodingError.self) { try decode(UInt.self, -1) }
    #expect(throws: DecodingError.self) { try decode(UInt64.self, .number(2e19)) }
    #expect(throws: DecodingError.self) { try decode(Int.self, 1.5) }
    #expect(throws: DecodingError.self) { try decode(Int.self, .number(.nan)) }
    #expect(throws: DecodingError.self) { try decode(Int.self, "six") }
    #expect(throws: DecodingError.self) { try decode(Int.self, true) }
  }

  @Test func numbersAreReadFromIntegersToo() throws {
    #expect(try decode(Double.self, 3) == 3)
    #expect(try decode(Float.self, 0.5) == 0.5)
    #expect(throws: DecodingError.self) { try decode(Double.self, "3") }
  }

  @Test func optionalsMayBeNullOrMissing() throws {
    struct Both: Decodable {
      var here: Int?
      var gone: [Int?]?
    }
    let null = try decode(Both.self, ["here": nil, "gone": [1, nil]])
    #expect(null.here == nil)
    #expect(null.gone == [1, nil])
    #expect(try decode(Both.self, [:]).gone == nil)
    #expect(try decode(Int?.self, nil) == nil)
  }

  @Test func membersThatNobodyKnowsAreIgnored() throws {
    struct One: Decodable { var a: Int }
    #expect(try decode(One.self, ["a": 1, "b": [nil]]).a == 1)
  }

  @Test func errorsNameThePathAndWhatWasExpected() {
    struct Inner: Decodable { var count: UInt8 }
    struct Outer: Decodable { var items: [Inner] }
    let context = { (value: JSONValue) -> DecodingError.Context? in
      switch #expect(throws: DecodingError.self, performing: { try decode(Outer.self, value) }) {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context
      default: nil
      }
    }
    let range = context(["items": [["count": 1], ["count": 300]]])
    #expect(range?.codingPath.map(\.stringValue) == ["items", "1", "count"])
    #expect(range?.codingPath[1].intValue == 1)
    #expect(range?.debugDescription == "Expected an integer from 0 to 255, found 300.")
    #expect(context(["items": [["count": "x"]]])?.debugDescription == "Expected an integer, found a string.")
    #expect(context(["items": [[:]]])?.debugDescription == "The member 'count' is missing.")
    #expect(context(["items": [:]])?.debugDescription == "Expected an array, found an object.")
    #expect(context(["items": nil])?.debugDescription == "Expected an array, found null.")
    #expect(context([])?.debugDescription == "Expected an object, found an array.")
  }

  @Test func containersCanBeReadByHand() throws {
    struct ByHand: Decodable {
      enum Key: String, CodingKey { case list, object, parent }
      var values: [Int] = []

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        #expect(Set(container.allKeys) == [.list, .object, .parent])
        var list = try container.nestedUnkeyedContainer(forKey: .list)
        #expect(list.count == 4)
        #expect(try !list.decodeNil())
        #expect(throws: DecodingError.self) { try list.decode(String.self) }
        values.append(try list.decode(Int.self))
        #expect(try list.decodeNil())
        var nested = try list.nestedUnkeyedContainer()
        values.append(try nested.decode(Int.self))
        #expect(nested.isAtEnd)
        values.append(try Int(from: list.superDecoder()))
        #expect(list.currentIndex == 4)
        #expect(throws: DecodingError.self) { try list.decode(Int.self) }
        let object = try container.nestedContainer(keyedBy: Key.self, forKey: .object)
        values.append(try object.decode(Int.self, forKey: .list))
        values.append(try Int(from: container.superDecoder(forKey: .parent)))
      }
    }
    let value: JSONValue = ["list": [1, nil, [2], 3], "object": ["list": 4], "parent": 5]
    #expect(try decode(ByHand.self, value).values == [1, 2, 3, 4, 5])
  }

  @Test func jsonInsideATypeIsTakenAsItIs() throws {
    struct Holder: Codable, Equatable {
      var any: JSONValue
      var list: [JSONValue]
    }
    let value: JSONValue = ["any": ["x": [1.5, nil]], "list": [true, "a", [:], 9_007_199_254_740_993]]
    let holder = try decode(Holder.self, value)
    #expect(holder.any == ["x": [1.5, nil]])
    #expect(try JSONValueEncoder().encode(holder) == value)
    #expect(try decode(JSONValue.self, value) == value)
  }
}
