internal import CCurl

/// The transfers that a loop's thread has in hand.
struct RunningTransfers {
  private let multi: UnsafeMutableRawPointer
  private var transfers: [UnsafeMutableRawPointer: (id: UInt64, transfer: Transfer)] = [:]
  private var handles: [UInt64: UnsafeMutableRawPointer] = [:]

  init(multi: UnsafeMutableRawPointer) {
    self.multi = multi
  }

  mutating func add(_ transfer: Transfer, id: UInt64) {
    let code = curl_multi_add_handle(multi, transfer.handle)
    guard code == CURLM_OK else {
      transfer.finish(CURLE_OUT_OF_MEMORY)
      return
    }
    transfers[transfer.handle] = (id, transfer)
    handles[id] = transfer.handle
  }

  mutating func cancel(_ id: UInt64) {
    guard let handle = handles[id], let transfer = remove(handle) else { return }
    transfer.abort(HTTPFailure(.cancelled, "The request was cancelled; start it again if its answer is needed."))
  }

  /// Does all that can be done now, and completes what has ended.
  mutating func advance() {
    var active: Int32 = 0
    curl_multi_perform(multi, &active)
    var result = CURLE_OK
    while let handle = keystone_curl_next_finished(multi, &result) {
      remove(handle)?.finish(result)
    }
  }

  mutating func abortAll() {
    for id in Array(handles.keys) { cancel(id) }
  }

  private mutating func remove(_ handle: UnsafeMutableRawPointer) -> Transfer? {
    guard let (id, transfer) = transfers.removeValue(forKey: handle) else { return nil }
    handles[id] = nil
    curl_multi_remove_handle(multi, handle)
    return transfer
  }
}
