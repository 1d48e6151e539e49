/* Starting a child process with the calls of Linux that the Glibc module does not show to Swift. */
#ifndef KEYSTONE_CHILD_H
#define KEYSTONE_CHILD_H

#include <sys/types.h>

/*
 * Starts arguments[0], a path, in a process group of its own with default signals. Its stdin is /dev/null,
 * stdout and stderr are `output`, descriptor 3 is `socket`, and it has no other descriptor. Both vectors end
 * with NULL. `socket` and `output` must be above 3. Returns 0, or the number of an error; *ending is then a
 * descriptor that becomes readable when the child has ended.
 */
int ks_child_spawn(char *const *arguments, char *const *environment, const char *directory, int socket, int output,
                   pid_t *pid, int *ending);

/* Two connected stream sockets, or a pipe; closed on exec and above 9. Returns 0 or the number of an error. */
int ks_child_socket_pair(int pair[2]);
int ks_child_pipe(int pair[2]);

/* The file of the library in this process that defines `symbol`, or NULL. */
const char *ks_symbol_file(const char *symbol);

#endif
