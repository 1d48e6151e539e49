import KeystoneKit
import Testing

@Suite struct JSONValueEncoderTests {
  private func encode(_ value: some Encodable) throws -> JSONValue { try JSONValueEncoder().encode(value) }

  @Test func integersThatOthersWouldRoundBecomeStrings() throws {
    #expect(try encode(9_007_199_254_740_992) == 9_007_199_254_740_992)
    #expect(try encode(9_007_199_254_740_993) == "9007199254740993")
    #expect(try encode(-9_007_199_254_740_993) == "-9007199254740993")
    #expect(try encode(UInt64.max) == "18446744073709551615")
    #expect(try encode([Int64.min, 1]) == ["-9223372036854775808", 1])
    #expect(try encode(Int8(-5)) == -5)
  }

  @Test func floatsKeepTheirShortestText() throws {
    #expect(try encode(Float(0.1)) == 0.1)
    #expect(try encode(2.5) == 2.5)
  }

  @Test func absentMembersAreLeftOut() throws {
    struct Some: Encodable {
      var a: Int? = nil
      var b: Int? = 1
      var c: [Int?] = [nil]
    }
    #expect(try encode(Some()) == ["b": 1, "c": [nil]])
    #expect(try encode(Int?.none) == .null)
  }

  @Test func typesWithoutMembersBecomeEmptyObjects() throws {
    struct Nothing: Encodable {}
    #expect(try encode(Nothing()) == [:])
    #expect(try encode([String: Int]()) == [:])
    #expect(try encode([Int]()) == [])
  }

  @Test func containersCanBeWrittenByHand() throws {
    struct ByHand: Encodable {
      enum Key: String, CodingKey { case list, object, parent }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        try list.encode(1)
        try list.encodeNil()
        var nested = list.nestedUnkeyedContainer()
        var object = list.nestedContainer(keyedBy: Key.self)
        try list.encode(2)
        try nested.encode("late")
        try object.encode(true, forKey: .object)
        try 3.encode(to: list.superEncoder())
        #expect(list.count == 6)
        var inner = container.nestedContainer(keyedBy: Key.self, forKey: .object)
        try inner.encodeNil(forKey: .list)
        try "up".encode(to: container.superEncoder(forKey: .parent))
        try "above".encode(to: container.superEncoder())
      }
    }
    #expect(
      try encode(ByHand()) == [
        "list": [1, nil, ["late"], ["object": true], 2, 3], "object": ["list": nil], "parent": "up",
        "super": "above",
      ])
  }

  @Test func errorsOfAValueNameItsPath() {
    struct Failing: Encodable {
      func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
          self, EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "never"))
      }
    }
    let error = #expect(throws: EncodingError.self) { try encode(["a": [Failing()]]) }
    guard case .invalidValue(_, let context) = error else { return }
    #expect(context.codingPath.map(\.stringValue) == ["a", "0"])
  }

  @Test func whatIsEncodedDecodesToTheSame() throws {
    struct Everything: Codable, Equatable {
      enum Mode: String, Codable { case fast, slow }
      enum Shape: Codable, Equatable { case circle(radius: Double), none }
      var text = "é\"\n"
      var truth = true
      var small: Int8 = -8
      var large = UInt64.max
      var number = -0.25
      var float: Float = 3.14
      var mode = Mode.slow
      var shapes = [Shape.circle(radius: 1), .none]
      var byName = ["a": [1, 2], "": []]
      var byNumber = [1: "x"]
      var set: Set = [1, 2, 3]
      var absent: String?
      var json: JSONValue = ["x": nil]
      var time: Seconds = 2.5
    }
    let json = try encode(Everything())
    #expect(try JSONValueDecoder().decode(Everything.self, from: json) == Everything())
    #expect(try JSONValueDecoder().decode(Everything.self, from: JSONValue(parsing: json.bytes)) == Everything())
  }
}
