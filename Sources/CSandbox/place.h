/* What a path means to a process of the sandbox, found out from outside. */
#ifndef KEYSTONE_SANDBOX_PLACE_H
#define KEYSTONE_SANDBOX_PLACE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define PLACE_LIMIT 8192

/* A path of the sandbox with its links resolved. */
struct place {
  char path[PLACE_LIMIT];
  bool exists;
  bool read_only; /* it lies in a file system that cannot be written */
  struct stat status; /* when it exists */
};

/*
 * Resolves `path` of the process `pid`, relative to its descriptor `folder` or its working directory (AT_FDCWD); a link in
 * the last part is followed if `follows`. `root` is the sandbox's root. Returns 0; ENOENT or ENOTDIR when a folder above is
 * missing; another errno when what is meant cannot be found out.
 */
int place_find(pid_t pid, int root, int folder, const char *path, bool follows, struct place *place);
/* The file of the descriptor `fd` of the process. */
int place_of_descriptor(pid_t pid, int fd, struct place *place);

#endif
