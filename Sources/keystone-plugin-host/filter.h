#ifndef KEYSTONE_FILTER_H
#define KEYSTONE_FILTER_H

#include <stdbool.h>

/* Refuses this process and its children the system calls that no plugin needs and that kernels were broken with. */
bool filter_install(void);

#endif
