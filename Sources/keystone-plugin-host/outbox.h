/*
 * outbox.h - what goes to the daemon: written at once when the socket takes it, else queued for one
 * writer thread, so that no function of the host's table ever blocks the plugin.
 */
#ifndef KEYSTONE_PLUGIN_HOST_OUTBOX_H
#define KEYSTONE_PLUGIN_HOST_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hidden, so that no function of a plugin is taken for one of these. */
#pragma GCC visibility push(hidden)

/* Bytes that may wait for a daemon that does not read. A frame that would not fit is refused. */
#define OUTBOX_LIMIT ((size_t)64 << 20)

/* Starts the writer. Called once, before any thread of the plugin can run. */
bool outbox_start(int descriptor);

/* Puts one frame, in two parts, into the order in which it will be written. False: refused, it is full. */
bool outbox_put(const void *head, size_t head_size, const void *tail, size_t tail_size);

/* The same for the few bytes that end a call: they always fit, or the process ends. */
void outbox_put_always(const void *head, size_t head_size, const void *tail, size_t tail_size);

#pragma GCC visibility pop

#endif
