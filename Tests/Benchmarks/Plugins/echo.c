/* A check that answers with the bytes of the request: what is left of a call when nobody reads what it carries. */
#include <string.h>

#include "keystone_plugin.h"

static const ks_peer *host;

static const char descriptor[] =
    "{\"name\":\"benchmark-echo\",\"version\":\"1.0.0\",\"abi\":1,\"capabilities\":[\"returns-at-once\"],"
    "\"types\":[{\"point\":\"invariant\",\"type\":\"benchmark_echo\",\"description\":\"Answers with the request.\"}]}";

static int ends_with(ks_bytes method, const char *end) {
  size_t size = strlen(end);
  return method.size >= size && memcmp(method.data + method.size - size, end, size) == 0;
}

static void received_call(void *self, ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent) {
  (void)self, (void)budget_ms, (void)parent;
  if (ends_with(method, ".describe")) body = (ks_bytes){(const uint8_t *)descriptor, sizeof descriptor - 1};
  if (ends_with(method, ".configure")) body = (ks_bytes){(const uint8_t *)"{}", 2};
  host->reply(host->self, id, KS_OK, body);
}

static void received_send(void *self, ks_call id, uint32_t channel, ks_bytes frame, uint32_t flags) {
  (void)self, (void)id, (void)channel, (void)frame, (void)flags;
}

static void received_credit(void *self, ks_call id, uint32_t channel, uint64_t bytes) {
  (void)self, (void)id, (void)channel, (void)bytes;
}

static void received_cancel(void *self, ks_call id, uint32_t reason) { (void)self, (void)id, (void)reason; }

static void received_reply(void *self, ks_call id, uint32_t status, ks_bytes body) {
  (void)self, (void)id, (void)status, (void)body;
}

__attribute__((visibility("default"))) const ks_peer *keystone_plugin_1(const ks_peer *table) {
  static const ks_peer own = {sizeof(ks_peer), KS_ABI_VERSION,  NULL,            received_call,
                              received_send,   received_credit, received_cancel, received_reply};
  host = table;
  return &own;
}
