/*
 * A plugin on the bare header: it echoes, produces and swallows bytes, and never blocks.
 *
 *   echo      the body comes back
 *   produce   {"bytes": N} sends N bytes on channel 1, as fast as credit comes, and answers
 *   swallow   grants 256 KiB on channel 2 and more as bytes come, if {"reading": true}; answers at the end
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keystone_plugin.h"

#define WINDOW (256u << 10)
#define PIECE (64u << 10)

typedef struct stream {
  struct stream *next;
  ks_call id;
  uint64_t left, credit, taken;
  int produces, reading;
} stream;

static const ks_peer *host;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static stream *streams;
static const uint8_t zeros[PIECE];

static stream *find(ks_call id) {
  stream *found = streams;
  while (found != NULL && found->id != id) found = found->next;
  return found;
}

static void finish(stream *finished, uint32_t status) {
  char body[64];
  int size = snprintf(body, sizeof body, "{\"taken\":%llu}", (unsigned long long)finished->taken);
  stream **at = &streams;
  while (*at != finished) at = &(*at)->next;
  *at = finished->next;
  host->reply(host->self, finished->id, status, (ks_bytes){(const uint8_t *)body, (size_t)size});
  free(finished);
}

/* Sends what the credit allows; called with the lock held, which nothing that the host calls waits for. */
static void produce(stream *produced) {
  while (produced->left > 0 && produced->credit > 0) {
    uint64_t size = produced->left < PIECE ? produced->left : PIECE;
    if (size > produced->credit) size = produced->credit;
    produced->left -= size;
    produced->credit -= size;
    host->send(host->self, produced->id, 1, (ks_bytes){zeros, size}, produced->left == 0 ? KS_END : 0);
  }
  if (produced->left == 0) finish(produced, KS_OK);
}

static int is(ks_bytes method, const char *name) {
  return method.size == strlen(name) && memcmp(method.data, name, method.size) == 0;
}

static void begin(ks_call id, ks_bytes body, int produces) {
  char text[128] = {0};
  memcpy(text, body.data, body.size < sizeof text - 1 ? body.size : sizeof text - 1);
  stream *begun = calloc(1, sizeof(stream));
  if (begun == NULL) abort();
  const char *number = strstr(text, "\"bytes\":");
  *begun = (stream){.id = id, .produces = produces};
  begun->left = number == NULL ? 0 : strtoull(number + 8, NULL, 10);
  begun->reading = strstr(text, "true") != NULL;
  pthread_mutex_lock(&lock);
  begun->next = streams;
  streams = begun;
  pthread_mutex_unlock(&lock);
  if (!produces) host->credit(host->self, id, 2, WINDOW);
}

static void received_call(void *self, ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent) {
  (void)self, (void)budget_ms, (void)parent;
  if (is(method, "echo")) {
    host->reply(host->self, id, KS_OK, body);
  } else if (is(method, "produce") || is(method, "swallow")) {
    begin(id, body, is(method, "produce"));
  } else {
    static const char text[] = "{\"code\":\"unsupported\",\"message\":\"c_echo does not have this method.\"}";
    host->reply(host->self, id, KS_UNSUPPORTED, (ks_bytes){(const uint8_t *)text, sizeof text - 1});
  }
}

static void received_send(void *self, ks_call id, uint32_t channel, ks_bytes frame, uint32_t flags) {
  (void)self;
  pthread_mutex_lock(&lock);
  stream *known = find(id);
  if (known != NULL && !known->produces) {
    known->taken += frame.size;
    if (known->reading && frame.size > 0) host->credit(host->self, id, channel, frame.size);
    if ((flags & KS_END) != 0) finish(known, KS_OK);
  }
  pthread_mutex_unlock(&lock);
}

static void received_credit(void *self, ks_call id, uint32_t channel, uint64_t bytes) {
  (void)self, (void)channel;
  pthread_mutex_lock(&lock);
  stream *known = find(id);
  if (known != NULL && known->produces) {
    known->credit += bytes;
    produce(known);
  }
  pthread_mutex_unlock(&lock);
}

static void received_cancel(void *self, ks_call id, uint32_t reason) {
  (void)self, (void)reason;
  pthread_mutex_lock(&lock);
  stream *known = find(id);
  if (known != NULL) finish(known, KS_CANCELLED);
  pthread_mutex_unlock(&lock);
}

static void received_reply(void *self, ks_call id, uint32_t status, ks_bytes body) {
  (void)self, (void)id, (void)status, (void)body;
}

__attribute__((visibility("default"))) const ks_peer *keystone_plugin_1(const ks_peer *table) {
  static const ks_peer own = {sizeof(ks_peer), KS_ABI_VERSION,  NULL,            received_call,
                              received_send,   received_credit, received_cancel, received_reply};
  host = table;
  return &own;
}
