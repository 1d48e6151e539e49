extension ValueDecoder {
  /// Decodes a parameter set, after looking for every problem in the outermost one.
  ///
  /// `result` is the same type as `type`, as the caller knows it.
  func decodeSet<S: ParameterSet, T>(_ type: S.Type, as result: T.Type) throws -> T {
    if !isChecked { try check(type) }
    if case .object = value { return same(try S(from: checked(layout: .of(type))), result) }
    if let short = type as? any ShorthandParameterSet.Type { return try decodeShort(short, as: result) }
    return same(try S(from: self), result)
  }

  private func check(_ type: any ParameterSet.Type) throws {
    var problems = type.problems(in: value).filter { $0.kind != .unknown }
    guard !problems.isEmpty else { return }
    for key in codingPath.reversed() {
      problems = problems.map { problem in
        key.intValue.map { problem.below(index: $0) } ?? problem.below(key.stringValue)
      }
    }
    throw ParameterError(problems: problems)
  }

  private func decodeShort<S: ShorthandParameterSet, T>(_ type: S.Type, as result: T.Type) throws -> T {
    let set = S(shorthand: try checked(layout: nil).decode(S.Shorthand.self))
    // Nobody may get a set that stops the program when it is read.
    let missing = ParameterLayout.of(type).problems(in: set.parameterJSON.object ?? [:]).filter { $0.kind == .missing }
    guard missing.isEmpty else { throw ParameterError(problems: missing) }
    return same(set, result)
  }

  private func checked(layout: ParameterLayout?) -> ValueDecoder {
    ValueDecoder(value, at: path, isChecked: true, layout: layout)
  }
}
