/*
 * inbox.h - what comes from the daemon: read by the main thread and handed to the plugin.
 */
#ifndef KEYSTONE_PLUGIN_HOST_INBOX_H
#define KEYSTONE_PLUGIN_HOST_INBOX_H

#include "frames.h"

/* Hidden, so that no function of a plugin is taken for one of these. */
#pragma GCC visibility push(hidden)

/* Reads frames until the daemon closes its end, and then ends the process with status 0. */
_Noreturn void inbox_serve(int descriptor, const ks_peer *plugin);

#pragma GCC visibility pop

#endif
