/* The seccomp filter of a watched command: what the host is asked about before the kernel does it. */
#ifndef KEYSTONE_SANDBOX_FILTER_H
#define KEYSTONE_SANDBOX_FILTER_H
#include <stdbool.h>
#include <stdint.h>

/* Whether this kernel can notify of system calls. */
bool filter_is_available(void);
/* Builds the filters; once, before the first command. */
void filter_prepare(void);
/* Puts this process and all its descendants under the filter for `watch` (enum ks_watch); returns the listener, or -1.
   Needs no_new_privs. Makes system calls only. */
int filter_install(uint32_t watch);

#endif
