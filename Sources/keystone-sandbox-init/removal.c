/* Removal by descriptors: no link is followed, unreadable folders are opened up, deep ones are flattened. */
#include "removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "operations.h"
#include "path.h"
#include "sandbox.h"

/* How often a folder is read again because something was put into it meanwhile. */
#define MOST_REWINDS 1000

static int open_folder(int parent, const char *name) {
  int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int fd = openat(parent, name, flags);
  if (fd >= 0 || errno != EACCES) return fd;
  /* A folder without permissions; a link cannot be meant, since opening it fails with ELOOP. */
  if (fchmodat(parent, name, 0700, 0) != 0) return -1;
  return openat(parent, name, flags);
}

static int push(struct removal *removal, int parent, const char *name) {
  int fd = open_folder(parent, name);
  if (fd < 0) return -1;
  struct stat status;
  if (fstat(fd, &status) == 0 && (status.st_mode & 0700) != 0700) fchmod(fd, 0700);
  DIR *directory = fdopendir(fd);
  if (directory == NULL) {
    close(fd);
    return -1;
  }
  struct removal_level *level = &removal->levels[removal->depth++];
  level->fd = fd;
  level->directory = directory;
  snprintf(level->name, sizeof level->name, "%s", name);
  return 0;
}

int removal_begin(struct removal *removal, int parent, const char *name) {
  *removal = (struct removal){.parent = parent};
  if (unlinkat(parent, name, 0) == 0) return -1;
  if (errno != EISDIR && errno != EPERM) return errno;
  return push(removal, parent, name) == 0 ? 0 : errno;
}

/* Removes the entry, or goes into it. */
static int remove_entry(struct removal *removal, const char *name) {
  struct removal_level *level = &removal->levels[removal->depth - 1];
  if (unlinkat(level->fd, name, 0) == 0 || errno == ENOENT) return 1;
  if (errno != EISDIR && errno != EPERM) return -1;
  if (unlinkat(level->fd, name, AT_REMOVEDIR) == 0) return 1;
  if (removal->depth < REMOVAL_DEPTH) return push(removal, level->fd, name) == 0 || errno == ENOENT ? 1 : -1;
  char flat[48];
  snprintf(flat, sizeof flat, ".keystone-removing-%d-%u", (int)getpid(), removal->moved++);
  return renameat(level->fd, name, removal->levels[0].fd, flat) == 0 ? 1 : -1;
}

static int leave(struct removal *removal) {
  struct removal_level *level = &removal->levels[removal->depth - 1];
  int parent = removal->depth > 1 ? removal->levels[removal->depth - 2].fd : removal->parent;
  bool gone = unlinkat(parent, level->name, AT_REMOVEDIR) == 0 || errno == ENOENT;
  if (!gone && errno == ENOTEMPTY && removal->rewinds < MOST_REWINDS) {
    removal->rewinds++;
    rewinddir(level->directory);
    return 1;
  }
  int number = errno;
  closedir(level->directory);
  removal->depth--;
  errno = number;
  return !gone ? -1 : removal->depth > 0;
}

int removal_step(struct removal *removal) {
  struct removal_level *level = &removal->levels[removal->depth - 1];
  errno = 0;
  struct dirent *entry = readdir(level->directory);
  if (entry == NULL) return errno != 0 ? -1 : leave(removal);
  if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) return 1;
  return remove_entry(removal, entry->d_name);
}

void removal_end(struct removal *removal) {
  while (removal->depth > 0) closedir(removal->levels[--removal->depth].directory);
  close(removal->parent);
}

int remove_tree(const char *path) {
  char copied[PATH_MAX];
  if (snprintf(copied, sizeof copied, "%s", path) >= (int)sizeof copied) return errno = ENAMETOOLONG, -1;
  char *slash = strrchr(copied, '/');
  if (slash == NULL || slash[1] == 0) return errno = EINVAL, -1;
  *slash = 0;
  int parent = open(slash == copied ? "/" : copied, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return errno == ENOENT ? 0 : -1;
  struct removal *removal = malloc(sizeof *removal);
  if (removal == NULL) return -1;
  int number = removal_begin(removal, parent, slash + 1);
  int more = number == 0;
  while (more > 0) more = removal_step(removal);
  if (more < 0) number = errno;
  removal_end(removal);
  free(removal);
  if (number <= 0 || number == ENOENT) return 0;
  errno = number;
  return -1;
}

struct removal_job {
  struct job job;
  struct removal removal;
};

static void step(struct job *job) {
  struct removal_job *mine = OWNER_OF(job, struct removal_job, job);
  uint64_t until = now_ms() + SLICE_MS;
  int more;
  do more = removal_step(&mine->removal);
  while (more > 0 && now_ms() < until);
  if (more > 0) return;
  if (more == 0) send_empty(REPLY_DONE, job->id);
  else send_errno(job->id, errno, "cannot remove everything below", (struct bytes){NULL, 0});
  job->ended = true;
}

static void release(struct job *job) {
  struct removal_job *mine = OWNER_OF(job, struct removal_job, job);
  removal_end(&mine->removal);
  free(mine);
}

void file_remove(uint32_t id, struct reader *reader) {
  bool whole = read_u8(reader) == 1;
  struct bytes path = read_string(reader);
  char name[256];
  int parent = path_open_parent(path, false, name);
  int number = parent < 0 ? errno : 0;
  struct removal_job *mine = whole && parent >= 0 ? calloc(1, sizeof *mine) : NULL;
  if (parent >= 0 && mine == NULL) {
    if (unlinkat(parent, name, 0) != 0) number = errno;
    if (number == EISDIR) number = unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
    close(parent);
  }
  if (mine != NULL) {
    /* The parent came as O_PATH, which suffices for all that is done with it. */
    number = removal_begin(&mine->removal, parent, name);
    if (number == 0) {
      mine->job = (struct job){.id = id, .step = step, .release = release};
      job_add(&mine->job);
      return;
    }
    removal_end(&mine->removal);
    free(mine);
  }
  if (number <= 0) send_empty(REPLY_DONE, id);
  else send_errno(id, number, "cannot remove", path);
}
