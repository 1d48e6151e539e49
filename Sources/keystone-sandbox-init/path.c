/* Paths. The kernel resolves (openat2), and the resolved object is asked where it lies before it is used. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

/* A path as the helper sees it, and the folder it must not lead out of (empty: the whole file system). */
struct place {
  char path[PATH_LIMIT];
  char bound[PATH_LIMIT];
};

static bool starts_with(const char *path, const char *prefix, const char **rest) {
  size_t size = strlen(prefix);
  if (strncmp(path, prefix, size) != 0 || (path[size] != 0 && path[size] != '/')) return false;
  *rest = path + size;
  return true;
}

static bool copy(struct bytes path, char result[PATH_LIMIT]) {
  bool sound = path.size < PATH_LIMIT && (path.size == 0 || memchr(path.data, 0, path.size) == NULL);
  if (!sound) {
    errno = path.size < PATH_LIMIT ? EINVAL : ENAMETOOLONG;
    return false;
  }
  if (path.size > 0) memcpy(result, path.data, path.size);
  result[path.size] = 0;
  return true;
}

static int join(struct place *place, const char *bound, const char *rest) {
  while (*rest == '/') rest++;
  snprintf(place->bound, sizeof place->bound, "%s", bound);
  int size = snprintf(place->path, sizeof place->path, "%s/%s", bound, rest);
  if (size < (int)sizeof place->path) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

/* The workspace, or for an absolute path the file system; -1 with errno. */
static int locate(const char *path, struct place *place) {
  const char *rest;
  if (path[0] != '/') return join(place, settings.workspace, path);
  if (starts_with(path, "/workspace", &rest) || starts_with(path, settings.workspace, &rest)) {
    return join(place, settings.workspace, rest);
  }
  if (settings.first_process) return join(place, "", path);
  if (starts_with(path, "/tmp", &rest)) return join(place, "/tmp", rest);
  errno = EACCES;
  return -1;
}

static int check_bound(int fd, const char *bound) {
  if (bound[0] == 0) return 0;
  char link[64], real[PATH_LIMIT + 32];
  const char *rest;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, real, sizeof real - 1);
  if (size >= 0) {
    real[size] = 0;
    if (starts_with(real, bound, &rest)) return 0;
    errno = EXDEV;
  }
  return -1;
}

static int open_place(const struct place *place, int flags) {
  struct open_how how = {
      .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  int fd = (int)syscall(SYS_openat2, settings.root_fd, place->path[0] ? place->path : "/", &how, sizeof how);
  if (fd < 0) return -1;
  if (check_bound(fd, place->bound) == 0) return fd;
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

int path_open(struct bytes bytes, bool follow) {
  char path[PATH_LIMIT];
  struct place place;
  if (!copy(bytes, path) || locate(path, &place) != 0) return -1;
  int fd = open_place(&place, follow ? 0 : O_NOFOLLOW);
  if (fd >= 0 || errno != ENOENT || strncmp(path, "tmp/", 4) != 0) return fd;
  if (join(&place, "/tmp", path + 4) != 0) return -1;
  return open_place(&place, follow ? 0 : O_NOFOLLOW);
}

/* Makes the missing folders of place->path one by one; each is opened, and so checked, before the next. */
static int make_folders(struct place *place) {
  size_t start = strlen(place->bound);
  struct place part = *place;
  part.path[start] = 0;
  int at = open_place(&part, O_DIRECTORY);
  for (char *from = place->path + start; at >= 0 && *from != 0;) {
    while (*from == '/') from++;
    char *end = strchrnul(from, '/');
    if (end == from) break;
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(end - from), from);
    snprintf(part.path, sizeof part.path, "%.*s", (int)(end - place->path), place->path);
    int next = open_place(&part, O_DIRECTORY);
    if (next < 0 && errno == ENOENT && end - from < 256 && mkdirat(at, name, 0755) == 0) {
      path_give_away(at, name);
      next = open_place(&part, O_DIRECTORY);
    }
    int number = errno;
    close(at);
    errno = number;
    at = next;
    from = end;
  }
  return at;
}

int path_open_parent(struct bytes bytes, bool create, char name[256]) {
  char path[PATH_LIMIT];
  struct place place;
  if (!copy(bytes, path)) return -1;
  size_t size = strlen(path);
  while (size > 0 && path[size - 1] == '/') path[--size] = 0;
  if (locate(path, &place) != 0) return -1;
  char *last = strrchr(place.path, '/');
  const char *component = last + 1;
  if (strlen(component) > 255) {
    errno = ENAMETOOLONG;
    return -1;
  }
  bool nameless = *component == 0 || strcmp(component, ".") == 0 || strcmp(component, "..") == 0;
  if (nameless || (size_t)(last - place.path) < strlen(place.bound)) {
    errno = EISDIR;
    return -1;
  }
  strcpy(name, component);
  *last = 0;
  int fd = open_place(&place, O_DIRECTORY);
  return fd < 0 && errno == ENOENT && create ? make_folders(&place) : fd;
}

/* The group first and last: only the helper's own user may change it. */
static void take_file_rights(uid_t user, gid_t group) {
  setfsgid(group);
  setfsuid(user);
  setfsgid(group);
}

int path_reopen(int fd, int flags, bool folder) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  if (folder ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)) {
    errno = folder ? ENOTDIR : S_ISDIR(status.st_mode) ? EISDIR : ENXIO;
    return -1;
  }
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  bool as_user = settings.drops && check_bound(fd, settings.workspace) != 0;
  if (as_user) take_file_rights(settings.user, settings.group);
  int opened = open(link, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int number = errno;
  if (as_user) take_file_rights(getuid(), getgid());
  errno = number;
  return opened;
}

void path_give_away(int parent, const char *name) {
  if (!settings.drops) return;
  /* Where this fails the object stays the helper's and is only less useful to the command. */
  if (fchownat(parent, name, settings.user, settings.group, AT_SYMLINK_NOFOLLOW) != 0) return;
}

bool path_for_command(struct bytes bytes, char result[PATH_LIMIT]) {
  char path[PATH_LIMIT];
  const char *rest = path;
  if (!copy(bytes, path)) return false;
  if (path[0] == '/' && starts_with(path, "/workspace", &rest)) {
    while (*rest == '/') rest++;
  }
  strcpy(result, rest);
  return true;
}
