#include "relay.h"

#include <stdio.h>
#include <string.h>

#include "outbox.h"

static const ks_peer *plugin;

void relay_configure(const ks_peer *table) { plugin = table; }

static void write_cancel(ks_call id, uint32_t reason) {
  uint8_t frame[FRAME_CANCEL_SIZE], *at = put_prefix(frame, FRAME_CANCEL, sizeof frame, 0);
  put_number(put_number(at, id, 8), reason, 4);
  outbox_put_always(frame, sizeof frame, NULL, 0);
}

void relay_refuse(ks_call id, uint32_t status, const char *code, const char *message) {
  char body[256];
  int size = snprintf(body, sizeof body, "{\"code\":\"%s\",\"message\":\"%s\"}", code, message);
  if ((id & KS_CALL_FROM_PLUGIN) != 0) {
    plugin->reply(plugin->self, id, status, (ks_bytes){(const uint8_t *)body, (size_t)size});
    return;
  }
  uint8_t head[FRAME_REPLY_HEAD], *at = put_prefix(head, FRAME_REPLY, sizeof head, (size_t)size);
  put_number(put_number(at, id, 8), status, 4);
  outbox_put_always(head, sizeof head, body, (size_t)size);
}

/* Ends a call that broke a limit, for both sides of it. */
static void exhaust(ks_call id, const char *message) {
  relay_refuse(id, KS_EXHAUSTED, "exhausted", message);
  if ((id & KS_CALL_FROM_PLUGIN) != 0) {
    write_cancel(id, KS_BY_CALLER);
  } else {
    plugin->cancel(plugin->self, id, KS_BY_CALLER);
  }
}

static void relay_call(void *self, ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent) {
  (void)self;
  if ((id & KS_CALL_FROM_PLUGIN) == 0) {
    fputs("keystone-plugin-host: the plugin began a call whose id does not have the top bit set\n", stderr);
    return;
  }
  if (method.size == 0 || method.size > KS_MAX_METHOD) {
    relay_refuse(id, KS_INVALID, "invalid", "The name of a method has 1 to 128 bytes.");
    return;
  }
  if (body.size > KS_MAX_BODY) {
    relay_refuse(id, KS_EXHAUSTED, "exhausted", "The body of a call is larger than 16 MiB; send it on a channel.");
    return;
  }
  uint8_t head[FRAME_CALL_HEAD + KS_MAX_METHOD];
  uint8_t *at = put_prefix(head, FRAME_CALL, FRAME_CALL_HEAD, method.size + body.size);
  at = put_number(put_number(put_number(at, id, 8), (uint64_t)budget_ms, 8), parent, 8);
  at = put_number(at, method.size, 2);
  memcpy(at, method.data, method.size);
  if (!outbox_put(head, FRAME_CALL_HEAD + method.size, body.data, body.size)) {
    relay_refuse(id, KS_EXHAUSTED, "exhausted", "Too many bytes wait to be sent to the host; call less often.");
  }
}

static void relay_send(void *self, ks_call id, uint32_t channel, ks_bytes frame, uint32_t flags) {
  (void)self;
  if (frame.size > KS_MAX_FRAME) {
    exhaust(id, "The plugin sent a frame larger than 1 MiB; it must cut it into smaller ones.");
    return;
  }
  uint8_t head[FRAME_SEND_HEAD], *at = put_prefix(head, FRAME_SEND, sizeof head, frame.size);
  put_number(put_number(put_number(at, id, 8), channel, 4), flags, 4);
  if (!outbox_put(head, sizeof head, frame.data, frame.size)) {
    exhaust(id, "The plugin sent more than the host took; it must wait for credit.");
  }
}

static void relay_credit(void *self, ks_call id, uint32_t channel, uint64_t bytes) {
  (void)self;
  uint8_t frame[FRAME_CREDIT_SIZE], *at = put_prefix(frame, FRAME_CREDIT, sizeof frame, 0);
  put_number(put_number(put_number(at, id, 8), channel, 4), bytes, 8);
  outbox_put_always(frame, sizeof frame, NULL, 0);
}

static void relay_cancel(void *self, ks_call id, uint32_t reason) {
  (void)self;
  write_cancel(id, reason);
}

static void relay_reply(void *self, ks_call id, uint32_t status, ks_bytes body) {
  (void)self;
  if (body.size > KS_MAX_BODY) {
    relay_refuse(id, KS_EXHAUSTED, "exhausted", "The plugin replied with more than 16 MiB; it must use a channel.");
    return;
  }
  uint8_t head[FRAME_REPLY_HEAD], *at = put_prefix(head, FRAME_REPLY, sizeof head, body.size);
  put_number(put_number(at, id, 8), status, 4);
  if (!outbox_put(head, sizeof head, body.data, body.size)) {
    relay_refuse(id, KS_EXHAUSTED, "exhausted", "Too many bytes wait to be sent to the host.");
  }
}

const ks_peer relay_table = {
    sizeof(ks_peer), KS_ABI_VERSION, NULL, relay_call, relay_send, relay_credit, relay_cancel, relay_reply,
};
