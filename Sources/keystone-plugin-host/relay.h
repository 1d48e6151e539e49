/*
 * relay.h - the table that the plugin gets from this process: each function becomes a frame.
 */
#ifndef KEYSTONE_PLUGIN_HOST_RELAY_H
#define KEYSTONE_PLUGIN_HOST_RELAY_H

#include "frames.h"

/* Hidden, so that no function of a plugin is taken for one of these. */
#pragma GCC visibility push(hidden)

/* The host's table; valid for the life of the process. */
extern const ks_peer relay_table;

/* Where refusals of the plugin's own calls go. Called once, before the plugin can call. */
void relay_configure(const ks_peer *plugin);

/* Ends a call of either side with an error that is made here: `code` is the status as a word. */
void relay_refuse(ks_call id, uint32_t status, const char *code, const char *message);

#pragma GCC visibility pop

#endif
