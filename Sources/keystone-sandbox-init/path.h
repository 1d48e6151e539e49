/*
 * What a path means, and opening it so that nothing leads out.
 *
 * Relative paths and `/workspace/...` are the workspace. Other absolute paths are the sandbox's own file system; where
 * there is none (no namespace), only /tmp is served. A relative `tmp/...` that is not in the workspace is looked up in /tmp.
 */
#ifndef KEYSTONE_SANDBOX_PATH_H
#define KEYSTONE_SANDBOX_PATH_H
#include <stdbool.h>
#include <sys/types.h>

#include "channel.h"

#define PATH_LIMIT 4096

/* An O_PATH descriptor of what the path names, or -1 with errno; EXDEV means that it leads out. */
int path_open(struct bytes path, bool follow);

/* An O_PATH descriptor of the folder the path's last component lies in; the component goes to `name` (255 bytes and 0). */
int path_open_parent(struct bytes path, bool create, char name[256]);

/*
 * Opens the object behind an O_PATH descriptor for real, and only if it is a regular file or (`folder`) a folder. Outside of
 * the workspace that happens with the rights of the commands' user, who may not see all that the helper could.
 */
int path_reopen(int fd, int flags, bool folder);

/* Gives what the helper just made to the user commands run as. */
void path_give_away(int parent, const char *name);

/* The working directory of a command: relative to the workspace or absolute. False when it cannot be one. */
bool path_for_command(struct bytes path, char result[PATH_LIMIT]);

#endif
