/*
 * keystone_plugin.h - the binary boundary between the Keystone host and its plugins.
 *
 * A plugin is a shared library that exports exactly one symbol, `keystone_plugin_1`. It receives the
 * host's table of functions and returns its own. Both tables have the same shape, so everything that
 * the host can do to a plugin, the plugin can do to the host. Only C values and bytes cross: no object,
 * no Swift type and no pointer that the other side may keep.
 *
 * The methods, their JSON bodies and their channels are described in docs/boundary.md.
 *
 * Growth rules: structs are only appended to; a member beyond the `size` that the other side wrote does
 * not exist there; unknown methods are answered with KS_UNSUPPORTED; unknown JSON members are ignored; a
 * shipped method or message is never changed, a new one gets a new version number.
 */
#ifndef KEYSTONE_PLUGIN_H
#define KEYSTONE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this boundary. A host refuses a plugin whose table carries another one. */
#define KS_ABI_VERSION 1u

/* Limits. A larger frame or body is refused: the call it belongs to ends with KS_EXHAUSTED. */
#define KS_MAX_FRAME (1u << 20)
#define KS_MAX_BODY (16u << 20)
#define KS_MAX_METHOD 128u

/*
 * Bytes owned by the caller of the function they are passed to. They are borrowed: valid until that
 * function returns, so a callee that needs them later copies them. `data` may be NULL when `size` is 0.
 * A pair passed by value, like an int: it is the one struct here that never grows and carries no size.
 */
typedef struct ks_bytes {
  const uint8_t *data;
  size_t size;
} ks_bytes;

/*
 * The name of one call, chosen by whoever begins it: the host's have the top bit clear, the plugin's
 * have it set. Never 0 (which means "no call") and never used twice while the process lives.
 */
typedef uint64_t ks_call;

#define KS_CALL_FROM_PLUGIN ((ks_call)1 << 63)

/* How a call ended. A number that is not in this list means KS_INTERNAL. */
enum {
  KS_OK = 0,          /* the body is the result */
  KS_INVALID = 1,     /* the request makes no sense: malformed body, parameters out of range */
  KS_UNSUPPORTED = 2, /* the callee does not have this method */
  KS_UNAVAILABLE = 3, /* something outside is not there now: an engine, a service, the other process */
  KS_NOT_FOUND = 4,   /* the thing named in the request does not exist */
  KS_DENIED = 5,      /* the caller may not do this */
  KS_CANCELLED = 6,   /* the caller cancelled the call */
  KS_DEADLINE = 7,    /* the budget was used up */
  KS_EXHAUSTED = 8,   /* a limit was reached: memory, size, count */
  KS_INTERNAL = 9     /* a defect in the callee */
};

/* Flags of `send`. Unknown flags are ignored. */
enum {
  KS_END = 1 /* this frame, which may be empty, is the last one the sender puts on this channel */
};

/* Why a call is cancelled. An unknown reason is treated as KS_BY_CALLER. */
enum {
  KS_BY_CALLER = 0,   /* the result is no longer wanted */
  KS_BY_DEADLINE = 1, /* the budget is used up */
  KS_BY_SHUTDOWN = 2  /* the host is stopping */
};

/*
 * The table of functions. Each side fills in one and hands it to the other, where it must stay valid
 * and unchanged for the life of the process (a plugin is never unloaded).
 *
 * `self` belongs to whoever made the table and is passed back as the first argument of each function.
 *
 * A body is UTF-8 JSON. A frame is raw bytes. For a status other than KS_OK the body of a reply is an
 * error object: {"code", "message", "detail"?, "retryable"?, "diagnostics"?: [{"path", "message"}]}.
 */
typedef struct ks_peer {
  /* sizeof(ks_peer) where the table was made, and KS_ABI_VERSION there. */
  uint32_t size;
  uint32_t version;
  void *self;

  /*
   * Begins call `id` of `method` with `body`. Exactly one `reply` to `id` follows, possibly before this
   * function returns.
   *
   * budget_ms: milliseconds left until the caller gives up, on a monotonic clock; -1 means no limit.
   * parent: the call on whose behalf this one is made, or 0. A plugin names the host's call it is
   *   serving, which tells the host which sandbox is meant; the end of the parent cancels this call.
   *
   * Thread: when the host calls, one of a pool kept for plugins; the callee may block it until it has
   * replied. At most `concurrency` calls of one plugin (a member of its descriptor, 1 by default) are
   * inside at a time. A plugin whose descriptor has the capability "returns-at-once" promises never to
   * block here and may then be called on any thread. When a plugin calls, the host never blocks.
   */
  void (*call)(void *self, ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent);

  /*
   * The four functions below may be called from any thread, at any time, also from inside each other;
   * they never block, take no lock while calling back, and ignore an id they do not know or that has ended.
   */

  /*
   * Puts `frame` (at most KS_MAX_FRAME bytes) on `channel` of a call that runs. Either side of the call
   * may send. The receiver must have granted at least `frame.size` bytes of credit on that channel and
   * direction that are not used up; a sender that breaks this rule ends the call with KS_EXHAUSTED.
   * Frames on one channel arrive in order.
   */
  void (*send)(void *self, ks_call id, uint32_t channel, ks_bytes frame, uint32_t flags);

  /* Grants `bytes` more of credit to the other side for what it sends on `channel`; it begins with 0. */
  void (*credit)(void *self, ks_call id, uint32_t channel, uint64_t bytes);

  /* A wish to end: the callee still replies once, with KS_CANCELLED or with what it had. May be repeated. */
  void (*cancel)(void *self, ks_call id, uint32_t reason);

  /* Ends call `id` and all its channels. A second reply, and one to an unknown call, is ignored and counted. */
  void (*reply)(void *self, ks_call id, uint32_t status, ks_bytes body);
} ks_peer;

/*
 * The one symbol of a plugin. Called once after loading, on an arbitrary thread. Must not start a thread,
 * block or use the host's table before it returns. `host` stays valid for ever. Returns the plugin's
 * table, or NULL when it cannot work with this host (for example because host->version is too old).
 */
const ks_peer *keystone_plugin_1(const ks_peer *host);

#ifdef __cplusplus
}
#endif
#endif
