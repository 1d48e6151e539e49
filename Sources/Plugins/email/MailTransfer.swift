import CCurl
import Glibc
import KeystoneKit

/// Hands a message to a mail server, by libcurl, which speaks SMTP, STARTTLS and every way to log in.
struct MailTransfer {
  var url: String
  var user: String?
  var password: String?
  var needsTLS: String
  /// A PEM file of certificate authorities to trust instead of the system's.
  var authorities: String?

  /// Sends a message and returns when the server has taken it.
  ///
  /// - Throws: ``PluginError`` that is retryable when the server could not be reached, or refused for now (4xx).
  func send(_ message: Message) throws {
    guard url.hasPrefix("smtp://") || url.hasPrefix("smtps://") else {
      throw PluginError(.invalid, "`smtp-url` must begin with smtp:// or smtps://, not \(url.prefix(20))")
    }
    guard let handle = curl_easy_init(), let multi = curl_multi_init() else {
      throw PluginError(.unavailable, "libcurl is missing; install Debian's libcurl4")
    }
    defer {
      curl_multi_cleanup(multi)
      curl_easy_cleanup(handle)
    }
    var recipients: UnsafeMutablePointer<curl_slist>?
    for recipient in message.recipients { recipients = curl_slist_append(recipients, "<\(recipient)>") }
    defer { curl_slist_free_all(recipients) }
    var bytes = Array(message.text.utf8)
    try bytes.withUnsafeMutableBytes { buffer in
      guard let file = fmemopen(buffer.baseAddress, buffer.count, "r") else {
        throw PluginError(.exhausted, "there is no memory for the message")
      }
      defer { fclose(file) }
      try configure(handle, message.sender, recipients, file, buffer.count)
      try perform(handle, multi)
    }
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ sender: String, _ recipients: UnsafeMutablePointer<curl_slist>?,
    _ file: UnsafeMutablePointer<FILE>, _ size: Int
  ) throws {
    let tls = needsTLS == "required" || (needsTLS == "auto" && password != nil) ? CURLUSESSL_ALL : CURLUSESSL_TRY
    var codes = [
      keystone_curl_set_text(handle, CURLOPT_URL, url),
      keystone_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
      keystone_curl_set_text(handle, CURLOPT_MAIL_FROM, "<\(sender)>"),
      keystone_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients),
      keystone_curl_set_upload(handle, file, curl_off_t(size)),
      keystone_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
      keystone_curl_set_long(handle, CURLOPT_TIMEOUT_MS, 45_000),
      keystone_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, 15_000),
    ]
    if needsTLS != "never" { codes.append(keystone_curl_set_long(handle, CURLOPT_USE_SSL, Int(tls.rawValue))) }
    if let authorities { codes.append(keystone_curl_set_text(handle, CURLOPT_CAINFO, authorities)) }
    if let user { codes.append(keystone_curl_set_text(handle, CURLOPT_USERNAME, user)) }
    if let password { codes.append(keystone_curl_set_text(handle, CURLOPT_PASSWORD, password)) }
    guard codes.allSatisfy({ $0 == CURLE_OK }) else {
      throw PluginError(.unavailable, "this machine's libcurl cannot send mail; install Debian's libcurl4")
    }
  }

  private func perform(_ handle: UnsafeMutableRawPointer, _ multi: UnsafeMutableRawPointer) throws {
    guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
      throw PluginError(.unavailable, "the mail cannot be sent: libcurl refused the transfer")
    }
    defer { curl_multi_remove_handle(multi, handle) }
    var running: Int32 = 1
    while running > 0 {
      try Task.checkCancellation()
      guard curl_multi_perform(multi, &running) == CURLM_OK,
        running == 0 || curl_multi_poll(multi, nil, 0, 500, nil) == CURLM_OK
      else { throw PluginError(.unavailable, "the mail cannot be sent: libcurl gave up", retryable: true) }
    }
    var result = CURLE_OK
    guard keystone_curl_next_finished(multi, &result) != nil, result == CURLE_OK else {
      throw failure(result, status: keystone_curl_response_code(handle))
    }
  }

  private func failure(_ code: CURLcode, status: Int) -> PluginError {
    let reason = String(cString: curl_easy_strerror(code))
    let answer = status > 0 ? " (it answered \(status))" : ""
    // A server that says 5xx will say it again.
    return PluginError(
      .unavailable, "the mail server \(url) did not take the e-mail: \(reason)\(answer)",
      retryable: !(500..<600).contains(status))
  }
}
