/* The runtime's socket where this process could not inherit it. */
#ifndef KEYSTONE_CONTROL_H
#define KEYSTONE_CONTROL_H

/* Connects CONTROL_DESCRIPTOR to the runtime that listens at `path`. */
int control_connect(const char *path);

#endif
