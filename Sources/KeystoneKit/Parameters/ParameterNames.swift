/// The name specs use for a member: `notContains` becomes `not_contains` and `baseURL` becomes `base_url`.
func specName(of member: String) -> String {
  let letters = Array(member)
  var name = ""
  for (index, letter) in letters.enumerated() {
    if letter.isUppercase, index > 0, letters[index - 1] != "_" {
      let endsAcronym = index + 1 < letters.count && letters[index + 1].isLowercase
      if !letters[index - 1].isUppercase || endsAcronym { name += "_" }
    }
    name += letter.lowercased()
  }
  return name
}

/// The name that was probably meant, when one is close enough to be worth a question.
func nearestName(to name: String, in known: [String]) -> String? {
  guard !name.isEmpty, name.utf8.count <= 64 else { return nil }
  let ranked = known.map { (name: $0, distance: editDistance(name.lowercased(), $0.lowercased())) }
  guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
  return best.distance <= max(1, (name.count + 1) / 3) ? best.name : nil
}

/// How many characters must be changed, added or removed to make one text of the other.
private func editDistance(_ first: String, _ second: String) -> Int {
  let second = Array(second)
  var row = Array(0...second.count)
  for (line, left) in first.enumerated() {
    var diagonal = row[0]
    row[0] = line + 1
    for (column, right) in second.enumerated() {
      let replaced = diagonal + (left == right ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
    }
  }
  return row[second.count]
}
