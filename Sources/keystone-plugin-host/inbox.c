#define _GNU_SOURCE 1
#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool.h"
#include "relay.h"

/* Room for many small frames, and for the largest frame of a channel, which is kept once it was needed. */
#define USUAL_ROOM ((size_t)64 << 10)
#define KEPT_ROOM (FRAME_SEND_HEAD + (size_t)KS_MAX_FRAME)

_Noreturn static void fail(const char *why) {
  fprintf(stderr, "keystone-plugin-host: %s\n", why);
  _exit(70);
}

static ks_bytes rest(const uint8_t *frame, size_t size, size_t head) {
  return (ks_bytes){frame + head, size - head};
}

static void received_call(const uint8_t *frame, size_t size) {
  const uint8_t *at = frame + FRAME_PREFIX;
  size_t method_size = get_number(at + 24, 2);
  if (size - FRAME_CALL_HEAD < method_size) fail("the daemon sent a call that is cut off");
  ks_bytes method = {frame + FRAME_CALL_HEAD, method_size};
  ks_bytes body = rest(frame, size, FRAME_CALL_HEAD + method_size);
  pool_call(get_number(at, 8), method, body, (int64_t)get_number(at + 8, 8), get_number(at + 16, 8));
}

static void received_send(const ks_peer *plugin, const uint8_t *frame, size_t size) {
  const uint8_t *at = frame + FRAME_PREFIX;
  ks_call id = get_number(at, 8);
  uint32_t channel = (uint32_t)get_number(at + 8, 4), flags = (uint32_t)get_number(at + 12, 4);
  ks_bytes bytes = rest(frame, size, FRAME_SEND_HEAD);
  /* A call that waits has granted no credit, so that all that can come for it is an empty last frame. */
  if (bytes.size == 0 && (flags & KS_END) != 0 && pool_hold_end(id, channel)) return;
  plugin->send(plugin->self, id, channel, bytes, flags);
}

static void received_credit(const ks_peer *plugin, const uint8_t *at) {
  ks_call id = get_number(at, 8);
  uint32_t channel = (uint32_t)get_number(at + 8, 4);
  uint64_t bytes = get_number(at + 12, 8);
  if (!pool_hold_credit(id, channel, bytes)) plugin->credit(plugin->self, id, channel, bytes);
}

static void received_cancel(const ks_peer *plugin, const uint8_t *at) {
  ks_call id = get_number(at, 8);
  if (pool_withdraw(id)) {
    relay_refuse(id, KS_CANCELLED, "cancelled", "The call was cancelled before it began.");
  } else {
    plugin->cancel(plugin->self, id, (uint32_t)get_number(at + 8, 4));
  }
}

static void received(const ks_peer *plugin, const uint8_t *frame, size_t size) {
  static const size_t least[] = {0,                 FRAME_CALL_HEAD,   FRAME_SEND_HEAD,
                                 FRAME_CREDIT_SIZE, FRAME_CANCEL_SIZE, FRAME_REPLY_HEAD};
  const uint8_t *at = frame + FRAME_PREFIX;
  uint8_t type = frame[4];
  if (type < FRAME_CALL || type > FRAME_REPLY || size < least[type]) fail("the daemon sent a frame that is none");
  switch (type) {
    case FRAME_CALL: received_call(frame, size); break;
    case FRAME_SEND: received_send(plugin, frame, size); break;
    case FRAME_CREDIT: received_credit(plugin, at); break;
    case FRAME_CANCEL: received_cancel(plugin, at); break;
    default:
      plugin->reply(plugin->self, get_number(at, 8), (uint32_t)get_number(at + 8, 4),
                    rest(frame, size, FRAME_REPLY_HEAD));
  }
}

/* The size of the frame that begins at `frame`, its length included; 0 when too little is there to tell. */
static size_t frame_size(const uint8_t *frame, size_t available) {
  if (available < 4) return 0;
  size_t size = 4 + (size_t)get_number(frame, 4);
  if (size < FRAME_PREFIX || size > FRAME_MAX_SIZE) fail("the daemon sent a frame of an impossible size");
  return size;
}

static uint8_t *resized(uint8_t *buffer, size_t room) {
  buffer = realloc(buffer, room);
  if (buffer == NULL) fail("out of memory");
  return buffer;
}

_Noreturn void inbox_serve(int descriptor, const ks_peer *plugin) {
  size_t room = USUAL_ROOM, filled = 0;
  uint8_t *buffer = resized(NULL, room);
  for (;;) {
    ssize_t count = recv(descriptor, buffer + filled, room - filled, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(0);
    filled += (size_t)count;
    size_t done = 0, next;
    while ((next = frame_size(buffer + done, filled - done)) != 0 && next <= filled - done) {
      received(plugin, buffer + done, next);
      done += next;
    }
    filled -= done;
    if (done > 0) memmove(buffer, buffer + done, filled);
    size_t wanted = next > USUAL_ROOM ? next : USUAL_ROOM;
    if (wanted > room || room > KEPT_ROOM) buffer = resized(buffer, room = wanted);
  }
}
