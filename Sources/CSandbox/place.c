/*
 * A path is made absolute with what the kernel says of the process's working directory or descriptor, and opened from the
 * sandbox's root with RESOLVE_IN_ROOT, so that no link leads out; the kernel then names what was opened. The magic links
 * below /proc/self mean another process here and are translated; other magic links cannot be followed and are an error.
 */
#define _GNU_SOURCE 1
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_LINKS 16

static int open_below(int root, const char *path, uint64_t flags) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC | flags, .resolve = RESOLVE_IN_ROOT};
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static int link_of(const char *link, char *target, size_t size) {
  ssize_t count = readlink(link, target, size - 1);
  if (count < 0) return errno;
  if ((size_t)count == size - 1) return ENAMETOOLONG;
  target[count] = 0;
  return 0;
}

static int name_of(int fd, char *path) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return link_of(link, path, PLACE_LIMIT);
}

static void look_at_file_system(int fd, struct place *place) {
  struct statfs system;
  place->read_only = fstatfs(fd, &system) == 0 && (system.f_flags & ST_RDONLY) != 0;
}

int place_of_descriptor(pid_t pid, int fd, struct place *place) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
  place->exists = stat(link, &place->status) == 0;
  place->read_only = false;
  return place->exists ? link_of(link, place->path, PLACE_LIMIT) : errno;
}

static int make_absolute(pid_t pid, int folder, const char *path, char *absolute) {
  if (path[0] == '/') return snprintf(absolute, PLACE_LIMIT, "%s", path) < PLACE_LIMIT ? 0 : ENAMETOOLONG;
  char link[64], base[PLACE_LIMIT];
  if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", pid);
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, folder);
  int number = link_of(link, base, sizeof base);
  if (number != 0) return number;
  if (base[0] != '/') return ENOTDIR;
  return snprintf(absolute, PLACE_LIMIT, "%s/%s", base, path) < PLACE_LIMIT ? 0 : ENAMETOOLONG;
}

/* What the process names by itself: "/proc/self/…", "/dev/fd/N", "/dev/stdout". NULL when it is an ordinary path. */
static const char *own_part(const char *path) {
  static const char *const streams[][2] = {{"/dev/stdin", "fd/0"}, {"/dev/stdout", "fd/1"}, {"/dev/stderr", "fd/2"}};
  for (size_t i = 0; i < 3; i++) {
    if (strcmp(path, streams[i][0]) == 0) return streams[i][1];
  }
  if (strncmp(path, "/dev/fd/", 8) == 0) return path + 5;
  if (strncmp(path, "/proc/self/", 11) == 0) return path + 11;
  if (strncmp(path, "/proc/thread-self/", 18) == 0) return path + 18;
  return NULL;
}

/* Cuts trailing slashes off. Returns where the last part begins. */
static char *last_part(char *path) {
  size_t size = strlen(path);
  while (size > 1 && path[size - 1] == '/') path[--size] = 0;
  char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* The name of an open folder, a slash, and `name`. */
static int join(int folder, const char *name, char *path) {
  int number = name_of(folder, path);
  if (number != 0) return number;
  size_t used = strcmp(path, "/") == 0 ? 0 : strlen(path);
  return snprintf(path + used, PLACE_LIMIT - used, "/%s", name) < (int)(PLACE_LIMIT - used) ? 0 : ENAMETOOLONG;
}

/* The same for a path that is the process's own: through this process's view of it. */
static int find_own(pid_t pid, const char *part, bool follows, struct place *place) {
  char link[PLACE_LIMIT];
  if (snprintf(link, sizeof link, "/proc/%d/%s", pid, part) >= (int)sizeof link) return ENAMETOOLONG;
  int fd = follows ? open(link, O_PATH | O_CLOEXEC) : -1;
  if (fd >= 0) {
    place->exists = fstat(fd, &place->status) == 0;
    look_at_file_system(fd, place);
    int number = name_of(fd, place->path);
    close(fd);
    return number;
  }
  char *name = last_part(link);
  char folder[PLACE_LIMIT];
  snprintf(folder, sizeof folder, "%.*s", (int)(name - link), link);
  fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  place->exists = fstatat(fd, name, &place->status, AT_SYMLINK_NOFOLLOW) == 0;
  look_at_file_system(fd, place);
  int number = join(fd, name, place->path);
  close(fd);
  return number;
}

static int find_whole(int root, const char *path, bool follows, struct place *place) {
  int fd = open_below(root, path, follows ? 0 : O_NOFOLLOW);
  if (fd < 0) return errno;
  place->exists = fstat(fd, &place->status) == 0;
  look_at_file_system(fd, place);
  int number = name_of(fd, place->path);
  close(fd);
  return number;
}

/* The path of something that is not there yet: its folder's, and its name. A link that leads nowhere is followed. */
static int find_missing(int root, char *path, bool follows, struct place *place) {
  for (int links = 0; links < MOST_LINKS; links++) {
    char *name = last_part(path);
    if (name == path || *name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return ENOENT;
    char folder[PLACE_LIMIT], target[PLACE_LIMIT];
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    int fd = open_below(root, folder, O_DIRECTORY);
    if (fd < 0) return errno;
    ssize_t size = follows ? readlinkat(fd, name, target, sizeof target - 1) : -1;
    look_at_file_system(fd, place);
    int number = 0;
    if (size <= 0) {
      number = join(fd, name, place->path);
    } else {
      target[size] = 0;
      if (target[0] == '/') memcpy(path, target, (size_t)size + 1);
      else number = join(fd, target, path);
    }
    close(fd);
    if (number != 0 || size <= 0) return number;
  }
  return ELOOP;
}

int place_find(pid_t pid, int root, int folder, const char *path, bool follows, struct place *place) {
  char absolute[PLACE_LIMIT];
  place->exists = false;
  int number = make_absolute(pid, folder, path, absolute);
  if (number != 0) return number;
  const char *own = own_part(absolute);
  if (own != NULL) return find_own(pid, own, follows, place);
  number = find_whole(root, absolute, follows, place);
  return number == ENOENT ? find_missing(root, absolute, follows, place) : number;
}
