import KeystoneKit
import Testing

@Suite struct JSONTextTests {
  static let valid: [(String, JSONValue)] = [
    ("null", JSONValue.null), (" \t\r\n true ", true), ("false", false), ("0", 0), ("-0", 0), ("-17", -17),
    ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.0", .number(1)), ("1e2", .number(100)),
    ("-1.5E-3", .number(-0.0015)), ("0.1", .number(0.1)), ("5e-324", .number(.leastNonzeroMagnitude)),
    ("1.7976931348623157e308", .number(1.797_693_134_862_315_7e308)), ("1e-400", .number(0)),
    ("123456789012345678901234567890.5", .number(123_456_789_012_345_678_901_234_567_890.5)),
    (#""""#, ""), (#""a\"\\\/\b\f\n\r\t\u0041é""#, .string("a\"\\/\u{8}\u{C}\n\r\tAé")),
    (#""\uD83D\uDE00\u0000""#, .string("😀\0")), ("[]", []), ("[1,[2],{}]", [1, [2], [:]]),
    (#"{"a":{"b":[null]}}"#, ["a": ["b": [nil]]]), (#"{"a":1,"a":2}"#, ["a": 2]),
  ]

  @Test(arguments: valid)
  func validTextIsRead(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
    #expect(try JSONValue(parsing: Array(text.utf8)) == value)
    #expect(try JSONValue(parsing: AnyCollection(Array(text.utf8))) == value)
  }

  static let invalid: [(String, Int)] = [
    ("", 0), ("  ", 2), ("nul", 0), ("nulL", 0), ("True", 0), ("01", 0), ("-", 1), ("+1", 0), ("1.", 2), (".5", 0),
    ("1e", 2), ("1e+", 3), ("0x10", 1), ("1e999", 0), ("NaN", 0), ("1 2", 2), ("[1,]", 3), ("[1", 2), ("[1 2]", 3),
    ("{", 1), (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), ("{a:1}", 1), (#""abc"#, 4), ("\"a\nb\"", 2),
    (#""\x""#, 2), (#""\u12G4""#, 5), (#""\uD800""#, 3), (#""\uDC00\uD800""#, 3), (#""\uD800\u0041""#, 3),
    ("\u{FEFF}1", 0), ("[]]", 2), ("// x", 0), ("'a'", 0), ("1\0", 1),
  ]

  @Test(arguments: invalid)
  func invalidTextIsRefusedAtItsPlace(text: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.offset == offset, "\(text): \(String(describing: error))")
    #expect(error?.description.contains("at byte \(offset)") == true)
  }

  static let notUTF8: [([UInt8], Int)] = [
    ([0x22, 0xFF, 0x22], 1), ([0x22, 0x61, 0xC3, 0x28, 0x22], 2), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
    ([0x22, 0x5C, 0x6E, 0xC0, 0x80, 0x22], 3), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1),
  ]

  @Test(arguments: notUTF8)
  func bytesThatAreNoUTF8AreRefused(bytes: [UInt8], offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.offset == offset)
  }

  @Test func nestingIsLimited() throws {
    let text = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(try JSONValue(parsing: text(512)).array?.count == 1)
    #expect(throws: JSONError.self) { try JSONValue(parsing: text(513)) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: #"{"a":"#, count: 10_000)) }
  }

  @Test func writtenTextIsDeterministicAndCompact() {
    let value: JSONValue = ["b": [1, 2.5, true, nil], "a": "x\"\\\n\u{1}\u{1F}é/", "": .number(1)]
    #expect(value.text == #"{"":1.0,"a":"x\"\\\n\u0001\u001fé/","b":[1,2.5,true,null]}"#)
    #expect(value.bytes == Array(value.text.utf8))
  }

  @Test func numbersThatJSONLacksAreWrittenAsNull() {
    #expect(JSONValue.array([.number(.infinity), .number(-.infinity), .number(.nan)]).text == "[null,null,null]")
  }

  @Test func prettyTextIsIndented() {
    let value: JSONValue = ["b": [1, ["c": []]], "a": [:]]
    #expect(
      value.pretty() == """
        {
          "a": {},
          "b": [
            1,
            {
              "c": []
            }
          ]
        }
        """)
  }
}
