/*
 * pool.h - the threads on which the plugin's `call` runs, where it may block until it has replied.
 */
#ifndef KEYSTONE_PLUGIN_HOST_POOL_H
#define KEYSTONE_PLUGIN_HOST_POOL_H

#include <stdbool.h>

#include "frames.h"

/* Hidden, so that no function of a plugin is taken for one of these. */
#pragma GCC visibility push(hidden)

/* At most `threads` calls are inside the plugin at a time; 0 makes each on the thread that received it. */
void pool_configure(const ks_peer *plugin, unsigned threads);

/* Takes a call: begins it on a thread of the pool, or keeps it until one is free. */
void pool_call(ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms, ks_call parent);

/* True when the call still waits. It then keeps the credit, or the end, and delivers it just before the call. */
bool pool_hold_credit(ks_call id, uint32_t channel, uint64_t bytes);
bool pool_hold_end(ks_call id, uint32_t channel);

/* True when the call still waited: it is gone, the plugin never saw it, and the caller answers for it. */
bool pool_withdraw(ks_call id);

#pragma GCC visibility pop

#endif
