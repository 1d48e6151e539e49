/// How much a document may ask for before it is refused.
struct YAMLLimits: Sendable {
  /// The bytes of a whole document.
  var bytes = 4 << 20
  /// The bytes of one scalar.
  var scalarBytes = 1 << 20
  /// The levels of nesting, aliases written out.
  var depth = 64
  /// The nodes, aliases written out.
  var nodes = 100_000
  /// The bytes of text, aliases written out.
  var textBytes = 16 << 20
  /// The problems that are reported before reading stops.
  var problems = 100
}
