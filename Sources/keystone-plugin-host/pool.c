#define _GNU_SOURCE 1
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay.h"

/* Channels of a call that the daemon may touch before the call has begun. */
#define HELD_CHANNELS 16

typedef struct held {
  uint32_t channel;
  uint64_t credit;
  bool ended;
} held;

typedef struct waiting_call {
  struct waiting_call *next;
  ks_call id, parent;
  int64_t deadline; /* on the monotonic clock, in milliseconds; -1 for none */
  size_t method_size, body_size;
  unsigned held_count;
  held held[HELD_CHANNELS];
  uint8_t bytes[];
} waiting_call;

static const ks_peer *plugin;
static unsigned most_threads, threads, idle_threads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static waiting_call *first, **last = &first;
static unsigned waiting;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pool_configure(const ks_peer *table, unsigned count) {
  plugin = table;
  most_threads = count;
}

/* Makes the call; its time in the queue is part of its budget. */
static void begin(const waiting_call *call) {
  int64_t budget = call->deadline;
  if (budget >= 0) {
    budget -= now_ms();
    if (budget <= 0) {
      relay_refuse(call->id, KS_DEADLINE, "deadline", "The time for this call was used up before a thread was free.");
      return;
    }
  }
  for (unsigned i = 0; i < call->held_count; i++) {
    const held *kept = &call->held[i];
    if (kept->credit > 0) plugin->credit(plugin->self, call->id, kept->channel, kept->credit);
    if (kept->ended) plugin->send(plugin->self, call->id, kept->channel, (ks_bytes){NULL, 0}, KS_END);
  }
  ks_bytes method = {call->bytes, call->method_size};
  ks_bytes body = {call->bytes + call->method_size, call->body_size};
  plugin->call(plugin->self, call->id, method, body, budget, call->parent);
}

static void *serve(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (first == NULL) {
      idle_threads++;
      pthread_cond_wait(&filled, &lock);
      idle_threads--;
    }
    waiting_call *call = first;
    first = call->next;
    if (first == NULL) last = &first;
    waiting--;
    pthread_mutex_unlock(&lock);
    begin(call);
    free(call);
    pthread_mutex_lock(&lock);
  }
  return NULL;
}

/* Called with the lock held, after a call was put into the queue. */
static bool have_thread(void) {
  if (idle_threads >= waiting || threads >= most_threads) return true;
  pthread_t thread;
  if (pthread_create(&thread, NULL, serve, NULL) != 0) return threads > 0;
  pthread_setname_np(thread, "keystone-call");
  pthread_detach(thread);
  threads++;
  return true;
}

static waiting_call *copy_call(ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent) {
  waiting_call *call = malloc(sizeof(waiting_call) + method.size + body.size);
  if (call == NULL) return NULL;
  *call = (waiting_call){.id = id, .parent = parent, .method_size = method.size, .body_size = body.size};
  int64_t now = now_ms();
  call->deadline = budget_ms < 0 || budget_ms > INT64_MAX - now ? -1 : now + budget_ms;
  if (method.size > 0) memcpy(call->bytes, method.data, method.size);
  if (body.size > 0) memcpy(call->bytes + method.size, body.data, body.size);
  return call;
}

/* Takes the call out of the queue; called with the lock held. NULL: it does not wait. */
static waiting_call *remove_call(ks_call id) {
  for (waiting_call **at = &first; *at != NULL; at = &(*at)->next) {
    if ((*at)->id != id) continue;
    waiting_call *found = *at;
    *at = found->next;
    if (last == &found->next) last = at;
    waiting--;
    return found;
  }
  return NULL;
}

void pool_call(ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent) {
  if (most_threads == 0) {
    plugin->call(plugin->self, id, method, body, budget_ms, parent);
    return;
  }
  waiting_call *call = copy_call(id, method, body, budget_ms, parent);
  bool begun = false;
  if (call != NULL) {
    pthread_mutex_lock(&lock);
    *last = call;
    last = &call->next;
    waiting++;
    begun = have_thread();
    if (begun) pthread_cond_signal(&filled);
    if (!begun) free(remove_call(id));
    pthread_mutex_unlock(&lock);
  }
  if (!begun) relay_refuse(id, KS_EXHAUSTED, "exhausted", "There is no memory or no thread left for this call.");
}

bool pool_withdraw(ks_call id) {
  pthread_mutex_lock(&lock);
  waiting_call *call = remove_call(id);
  pthread_mutex_unlock(&lock);
  free(call);
  return call != NULL;
}

/* The note about `channel` of a call that waits; called with the lock held. */
static bool hold(ks_call id, uint32_t channel, uint64_t credit, bool ended) {
  waiting_call *call = first;
  while (call != NULL && call->id != id) call = call->next;
  if (call == NULL) return false;
  unsigned index = 0;
  while (index < call->held_count && call->held[index].channel != channel) index++;
  if (index == HELD_CHANNELS) return true;
  if (index == call->held_count) call->held[call->held_count++] = (held){channel, 0, false};
  call->held[index].credit += credit;
  call->held[index].ended |= ended;
  return true;
}

bool pool_hold_credit(ks_call id, uint32_t channel, uint64_t bytes) {
  pthread_mutex_lock(&lock);
  bool kept = hold(id, channel, bytes, false);
  pthread_mutex_unlock(&lock);
  return kept;
}

bool pool_hold_end(ks_call id, uint32_t channel) {
  pthread_mutex_lock(&lock);
  bool kept = hold(id, channel, 0, true);
  pthread_mutex_unlock(&lock);
  return kept;
}
