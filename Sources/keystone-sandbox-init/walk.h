/* Going through a folder in the byte order of the names, one entry at a time. */
#ifndef KEYSTONE_SANDBOX_WALK_H
#define KEYSTONE_SANDBOX_WALK_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Deeper trees are refused: each level costs a descriptor, and nobody needs them but to exhaust us. */
#define WALK_DEPTH 1000

struct walk_level {
  int fd;
  char **names;
  size_t count, next, prefix;
};

struct walk {
  struct walk_level *levels;
  size_t depth;
  char *path; /* of the current entry, below the start */
  size_t path_size, path_room;
  bool recursive;
  /* The current entry. */
  int folder; /* the descriptor it lies in, borrowed */
  const char *name;
  struct stat status;
  bool unreadable; /* a folder that could not be entered */
};

/* Takes over `fd`, a readable folder. False with errno. */
bool walk_begin(struct walk *walk, int fd, bool recursive);
/* 1: an entry, 0: the end, -1: errno. Entries that vanish meanwhile are skipped. */
int walk_next(struct walk *walk);
void walk_end(struct walk *walk);

#endif
