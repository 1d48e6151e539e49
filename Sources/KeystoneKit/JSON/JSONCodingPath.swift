/// Where a coder is inside a value: a list whose front is shared, since most paths are never read.
final class JSONCodingPath: Sendable {
  let parent: JSONCodingPath?
  let key: any CodingKey

  init(_ parent: JSONCodingPath?, _ key: any CodingKey) {
    self.parent = parent
    self.key = key
  }
}

extension JSONCodingPath? {
  var keys: [any CodingKey] {
    var keys: [any CodingKey] = []
    var end = self
    while let path = end {
      keys.append(path.key)
      end = path.parent
    }
    return keys.reversed()
  }
}

/// A member's name or an element's index.
struct JSONKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }

  init(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }

  static let `super` = JSONKey(stringValue: "super")
}
