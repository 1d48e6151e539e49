internal import CCurl
internal import Glibc

/// One libcurl handle at work; it lives on the thread of its ``TransferLoop`` and nowhere else.
final class Transfer {
  typealias Completion = CheckedContinuation<Result<HTTPResponse, HTTPFailure>, Never>

  let handle: UnsafeMutableRawPointer
  private let hop: Hop
  private let completion: Completion
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var response = HTTPResponse(status: 0)
  private var headerBytes = 0
  /// What a callback found wrong; it explains libcurl's own, less telling code.
  private var failure: HTTPFailure?

  private static let maximumHeaderBytes = 256 << 10

  init?(_ hop: Hop, settings: ConnectionSettings, completion: Completion) {
    guard let handle = curl_easy_init() else { return nil }
    self.handle = handle
    self.hop = hop
    self.completion = completion
    guard configure(settings) else { return nil }
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
  }

  /// Ends the transfer; called once.
  func finish(_ code: CURLcode) {
    if let failure {
      completion.resume(returning: .failure(failure))
    } else if code == CURLE_OK {
      response.status = Int(keystone_curl_response_code(handle))
      completion.resume(returning: .success(response))
    } else {
      completion.resume(returning: .failure(hop.failure(code)))
    }
  }

  /// Ends the transfer without a response; called instead of ``finish(_:)``.
  func abort(_ failure: HTTPFailure) {
    completion.resume(returning: .failure(failure))
  }
}

// MARK: - Options

extension Transfer {
  private func configure(_ settings: ConnectionSettings) -> Bool {
    let context = Unmanaged.passUnretained(self).toOpaque()
    var codes = [
      keystone_curl_set_text(handle, CURLOPT_URL, hop.url.text),
      keystone_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
      keystone_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
      // Otherwise the end of a transfer waits for its name resolution, and all other transfers with it.
      keystone_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
      keystone_curl_set_long(handle, CURLOPT_TIMEOUT_MS, hop.milliseconds),
      keystone_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, min(hop.milliseconds, 30_000)),
      keystone_curl_on_write(handle, receiveBody, context),
      keystone_curl_on_header(handle, receiveHeader, context),
      keystone_curl_on_socket(handle, openSocket, context),
      keystone_curl_on_request(handle, checkConnection, context),
    ]
    if hop.demandsPublicAddress || settings.proxies == .none {
      codes.append(keystone_curl_set_text(handle, CURLOPT_PROXY, ""))
    }
    if let authorities = settings.authorities {
      codes.append(keystone_curl_set_text(handle, CURLOPT_CAINFO, authorities))
    }
    if let entrance = hop.entrance { codes += configure(entrance) }
    return configureMethod() && configureHeaders() && codes.allSatisfy { $0 == CURLE_OK }
  }

  /// The name is not looked up here, and the connection is nobody else's.
  private func configure(_ entrance: String) -> [CURLcode] {
    [
      keystone_curl_set_text(handle, CURLOPT_UNIX_SOCKET_PATH, entrance),
      keystone_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1),
      keystone_curl_set_long(handle, CURLOPT_FORBID_REUSE, 1),
      hop.authorities.isEmpty
        ? CURLE_OK : keystone_curl_set_blob(handle, CURLOPT_CAINFO_BLOB, hop.authorities, hop.authorities.count),
    ]
  }

  private func configureMethod() -> Bool {
    if hop.method == "HEAD" { return keystone_curl_set_long(handle, CURLOPT_NOBODY, 1) == CURLE_OK }
    if hop.method == "GET", hop.body.isEmpty { return true }
    let carriesBody = !hop.body.isEmpty || ["POST", "PUT", "PATCH"].contains(hop.method)
    if carriesBody, keystone_curl_set_body(handle, hop.body, hop.body.count) != CURLE_OK { return false }
    return keystone_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, hop.method) == CURLE_OK
  }

  private func configureHeaders() -> Bool {
    // An empty `Expect` keeps libcurl from waiting a second for servers that know no 100-continue; an empty
    // `Content-Type` keeps it from claiming that the body is a form.
    var lines = ["Expect:"]
    if !hop.headers.contains(where: { $0.name.lowercased() == "content-type" }) { lines.append("Content-Type:") }
    lines += hop.headers.map { $0.value.allSatisfy(\.isWhitespace) ? "\($0.name);" : "\($0.name): \($0.value)" }
    for line in lines {
      guard let longer = curl_slist_append(headerList, line) else { return false }
      headerList = longer
    }
    return keystone_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList) == CURLE_OK
  }
}

// MARK: - What libcurl asks while it works

extension Transfer {
  fileprivate static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  fileprivate func receive(body bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count <= hop.maximumResponseBytes - response.body.count else {
      failure = HTTPFailure(
        .tooLarge,
        "The response of \(hop.url.authority) is larger than \(hop.maximumResponseBytes) bytes; "
          + "ask for less or raise the limit of the request.")
      return -1
    }
    response.body.append(contentsOf: bytes)
    return bytes.count
  }

  fileprivate func receive(headerLine bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= Self.maximumHeaderBytes else {
      failure = HTTPFailure(
        .tooLarge, "The headers of \(hop.url.authority) are larger than 256 KiB; correct the server.")
      return -1
    }
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // An interim response (1xx) went before; only the last one counts.
      response.headers = []
    } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let value = line[line.index(after: colon)...]
      response.headers.append((String(line[..<colon]), Self.trimmed(value)))
    }
    return bytes.count
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// Whether a connection to `address` may be used.
  fileprivate func permits(_ address: NetworkAddress?) -> Bool {
    guard hop.demandsPublicAddress, hop.entrance == nil else { return true }
    guard let address else {
      failure = hop.forbidden("an address of an unknown kind", "neither IPv4 nor IPv6")
      return false
    }
    guard let reason = address.unreachableFromOutside else { return true }
    failure = hop.forbidden(address.description, reason)
    return false
  }

  /// A host with a refused and a public address is reached on the public one.
  fileprivate func connected() {
    failure = nil
  }
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  Transfer.at(context)?.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? -1
}

private func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  Transfer.at(context)?.receive(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? -1
}

/// Opens the socket of a new connection, closed in children, unless the policy refuses the address.
private func openSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let transfer = Transfer.at(context), let address, let raw = keystone_curl_address(address),
    transfer.permits(NetworkAddress(raw))
  else { return -1 }
  let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
  return socket(address.pointee.family, type, address.pointee.protocol)
}

/// Checks the connection that a request is about to use: it may have been opened by a request with more rights.
private func checkConnection(
  _ context: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?, _ local: UnsafeMutablePointer<CChar>?,
  _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
  guard let transfer = Transfer.at(context), let remote, transfer.permits(NetworkAddress(String(cString: remote)))
  else { return CURL_PREREQFUNC_ABORT }
  transfer.connected()
  return CURL_PREREQFUNC_OK
}
