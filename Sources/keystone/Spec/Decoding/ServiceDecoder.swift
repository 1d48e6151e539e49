import KeystoneKit

/// Decodes services and secrets.
enum ServiceDecoder {
  static func services(_ node: YAMLNode?) -> [SpecService] { (node?.items ?? []).map(service) }

  static func secrets(_ node: YAMLNode?) -> [SpecSecret] { (node?.items ?? []).compactMap(secret) }

  private static func service(_ node: YAMLNode) -> SpecService {
    let ports = (node["ports"]?.items ?? []).compactMap(\.int)
    let kind: SpecService.Kind = node["type"] == nil ? .image(image(node)) : .httpMock(mock(node))
    return SpecService(name: node["name"]?.text ?? "", ports: ports, kind: kind)
  }

  private static func image(_ node: YAMLNode) -> SpecImageService {
    SpecImageService(
      image: node["image"]?.text ?? "", env: node["env"]?.environment ?? [:], waitFor: node["wait_for"]?.text)
  }

  private static func mock(_ node: YAMLNode) -> SpecHTTPMock {
    SpecHTTPMock(
      defaultResponse: node["default_response"]?.int ?? 200, records: node["record"]?.bool ?? false,
      routes: (node["routes"]?.items ?? []).map(route))
  }

  private static func route(_ node: YAMLNode) -> SpecHTTPRoute {
    SpecHTTPRoute(
      method: node["method"]?.text?.uppercased(), path: node["path"]?.text ?? "/",
      response: node["response"]?.json ?? .string(""), status: node["status"]?.int ?? 200,
      headers: node["headers"]?.environment ?? [:], delay: node["delay"]?.duration,
      fault: node["fault"]?.text.flatMap(SpecHTTPFault.init(rawValue:)), times: node["times"]?.int)
  }

  /// A name alone, and an entry with neither `source` nor `from`, mean the caller's variable of that name.
  private static func secret(_ node: YAMLNode) -> SpecSecret? {
    if let name = node.text { return SpecSecret(name: name, origin: .environment(name)) }
    guard let name = node["name"]?.text else { return nil }
    let origin =
      node["from"]?.text.flatMap { SpecSecret.Origin(from: $0) }
      ?? node["source"]?.text.flatMap { SpecSecret.Origin(source: $0, name: name) }
    return SpecSecret(
      name: name, origin: origin ?? .environment(name), fileTemplate: node["scope"]?["file_template"]?.text)
  }
}
