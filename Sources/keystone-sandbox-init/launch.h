/* Starting bubblewrap with two users in its namespace, which bubblewrap alone cannot map. */
#ifndef KEYSTONE_SANDBOX_LAUNCH_H
#define KEYSTONE_SANDBOX_LAUNCH_H

/*
 * `arguments`: the host's user and group for commands, the same two inside, then bubblewrap and its arguments. Becomes
 * bubblewrap; returns only on failure. Must be called as root.
 */
int launch_mapped(char **arguments, int count);

#endif
