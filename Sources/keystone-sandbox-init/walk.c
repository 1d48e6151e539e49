/* Walking a tree that somebody else may be changing, without following links. */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void release_level(struct walk_level *level) {
  for (size_t i = 0; i < level->count; i++) free(level->names[i]);
  free(level->names);
  if (level->fd >= 0) close(level->fd);
}

static bool add_name(struct walk_level *level, const char *name) {
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
  if ((level->count & (level->count - 1)) == 0) {
    size_t larger = level->count ? level->count * 2 : 8;
    char **moved = realloc(level->names, larger * sizeof *moved);
    if (moved == NULL) return false;
    level->names = moved;
  }
  char *copied = strdup(name);
  if (copied == NULL) return false;
  level->names[level->count++] = copied;
  return true;
}

static bool read_names(struct walk_level *level) {
  /* fdopendir takes the descriptor over, and the walk still needs it. */
  DIR *directory = fdopendir(fcntl(level->fd, F_DUPFD_CLOEXEC, 5));
  if (directory == NULL) return false;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!add_name(level, entry->d_name)) break;
  }
  int number = errno;
  closedir(directory);
  errno = number;
  if (level->count > 0) qsort(level->names, level->count, sizeof *level->names, compare);
  return number == 0;
}

static bool push(struct walk *walk, int fd) {
  struct walk_level level = {.fd = fd, .prefix = walk->path_size};
  if (walk->depth >= WALK_DEPTH) {
    close(fd);
    errno = EMFILE;
    return false;
  }
  struct walk_level *moved = realloc(walk->levels, (walk->depth + 1) * sizeof *moved);
  if (moved == NULL || !read_names(&level)) {
    if (moved != NULL) walk->levels = moved;
    release_level(&level);
    return false;
  }
  walk->levels = moved;
  walk->levels[walk->depth++] = level;
  return true;
}

static bool set_path(struct walk *walk, size_t prefix, const char *name) {
  size_t size = strlen(name), needed = prefix + size + 2;
  if (needed > walk->path_room) {
    char *moved = realloc(walk->path, needed * 2);
    if (moved == NULL) return false;
    walk->path = moved;
    walk->path_room = needed * 2;
  }
  if (prefix > 0) walk->path[prefix++] = '/';
  memcpy(walk->path + prefix, name, size);
  walk->path_size = prefix + size;
  return true;
}

bool walk_begin(struct walk *walk, int fd, bool recursive) {
  *walk = (struct walk){.recursive = recursive};
  return push(walk, fd);
}

/* Goes into the current entry if it is a folder. False only when the whole walk must fail. */
static bool descend(struct walk *walk) {
  if (!walk->recursive || !S_ISDIR(walk->status.st_mode)) return true;
  int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int fd = openat(walk->folder, walk->name, flags);
  if (fd < 0) {
    walk->unreadable = errno == EACCES || errno == EPERM;
    return errno != EMFILE && errno != ENFILE;
  }
  return push(walk, fd);
}

int walk_next(struct walk *walk) {
  while (walk->depth > 0) {
    struct walk_level *level = &walk->levels[walk->depth - 1];
    if (level->next == level->count) {
      release_level(level);
      walk->depth--;
      continue;
    }
    walk->folder = level->fd;
    walk->name = level->names[level->next++];
    walk->unreadable = false;
    if (fstatat(walk->folder, walk->name, &walk->status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!set_path(walk, level->prefix, walk->name)) return -1;
    return descend(walk) ? 1 : -1;
  }
  return 0;
}

void walk_end(struct walk *walk) {
  while (walk->depth > 0) release_level(&walk->levels[--walk->depth]);
  free(walk->levels);
  free(walk->path);
}
