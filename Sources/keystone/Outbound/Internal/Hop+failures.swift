internal import CCurl

extension Hop {
  /// The sentence for a connection that the policy refused.
  func forbidden(_ address: String, _ reason: String) -> HTTPFailure {
    HTTPFailure(
      .forbidden,
      "The request to \(url.authority) was not sent, because the host has the address \(address), \(reason), and "
        + "requests made for others go to public addresses only; an operator who wants it reachable can name the "
        + "origin \(Origin(scheme: url.scheme, host: url.host, port: url.port)) in the settings.")
  }

  /// What libcurl's code means for this request.
  func failure(_ result: CURLcode) -> HTTPFailure {
    let cause = curl_easy_strerror(result).map { String(cString: $0) } ?? "error \(result.rawValue)"
    let (code, text) = explanation(result)
    return HTTPFailure(code, text, cause: cause)
  }

  private func explanation(_ result: CURLcode) -> (HTTPFailure.Code, String) {
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      (.resolve, "The host \(url.host) has no address; check the name and the resolver of this machine.")
    case CURLE_COULDNT_CONNECT:
      (.connect, "Nothing accepts connections at \(url.authority); check that the server runs and the port is right.")
    case CURLE_OPERATION_TIMEDOUT:
      timedOut
    case CURLE_URL_MALFORMAT:
      (.malformed, "The URL of the request to \(url.authority) cannot be used; write an http or https URL.")
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR,
      CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
      CURLE_SSL_CRL_BADFILE, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      (
        .tls,
        "The server \(url.authority) could not prove who it is; check its certificate and the authorities of "
          + "this machine."
      )
    default:
      (.protocol, "The exchange with \(url.authority) broke off; check the server's log, then try again.")
    }
  }

  private var timedOut: (HTTPFailure.Code, String) {
    (.timeout, "The server \(url.authority) gave no full answer in time; try again, or raise the request's timeout.")
  }

  /// The failure of a request whose time ran out between two exchanges.
  var timeout: HTTPFailure {
    HTTPFailure(timedOut.0, timedOut.1)
  }
}
