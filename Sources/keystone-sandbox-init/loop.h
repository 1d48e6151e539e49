/* The event loop. */
#ifndef KEYSTONE_SANDBOX_LOOP_H
#define KEYSTONE_SANDBOX_LOOP_H
#include <stdbool.h>

bool loop_open(void);
void loop_run(void) __attribute__((noreturn));

#endif
