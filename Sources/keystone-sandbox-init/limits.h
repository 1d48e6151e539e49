/* Limits that are watched four times a second, where the kernel is not asked to enforce them. */
#ifndef KEYSTONE_SANDBOX_LIMITS_H
#define KEYSTONE_SANDBOX_LIMITS_H
#include <stdint.h>

/* Looks when it is time to and kills everything that is over; returns when to call again, or UINT64_MAX. */
uint64_t limits_tick(uint64_t now);

#endif
