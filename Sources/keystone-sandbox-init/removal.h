/* Removing a whole tree, whatever its owner did to make that hard. */
#ifndef KEYSTONE_SANDBOX_REMOVAL_H
#define KEYSTONE_SANDBOX_REMOVAL_H
#include <stdbool.h>

/*
 * Deeper levels are moved up to the first one before they are removed, so that any depth needs few descriptors.
 */
#define REMOVAL_DEPTH 64

struct removal_level {
  int fd;
  void *directory;
  char name[256];
};

struct removal {
  struct removal_level levels[REMOVAL_DEPTH];
  int depth, parent;
  unsigned moved, rewinds;
};

/* Takes over `parent`; `name` in it is what goes. 0 if it is being removed step by step, else errno or -1: already done. */
int removal_begin(struct removal *removal, int parent, const char *name);
/* Does one thing. 1: go on, 0: all gone, -1: errno. */
int removal_step(struct removal *removal);
void removal_end(struct removal *removal);

/* Everything at once, for a sandbox that is over. A path that does not exist is fine. -1 with errno. */
int remove_tree(const char *path);

#endif
