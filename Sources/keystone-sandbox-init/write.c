/* WRITE: the content goes to a file of its own beside the target and takes its name when complete. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry.h"
#include "operations.h"
#include "path.h"
#include "sandbox.h"

struct writing {
  struct writing *next;
  uint32_t id;
  int folder, fd;
  mode_t mode;
  char name[256], temporary[48];
};

static struct writing *writings;

static int open_temporary(struct writing *writing) {
  static unsigned counter;
  for (int attempt = 0; attempt < 100; attempt++) {
    snprintf(writing->temporary, sizeof writing->temporary, ".keystone-writing-%u", ++counter);
    int fd = openat(writing->folder, writing->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static int open_target(struct writing *writing, struct bytes path) {
  writing->folder = path_open_parent(path, true, writing->name);
  if (writing->folder < 0) return -1;
  struct stat status;
  if (fstatat(writing->folder, writing->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return -1;
  }
  writing->fd = open_temporary(writing);
  return writing->fd < 0 ? -1 : 0;
}

static void drop(struct writing *writing, bool failed) {
  if (failed && writing->fd >= 0) unlinkat(writing->folder, writing->temporary, 0);
  if (writing->fd >= 0) close(writing->fd);
  if (writing->folder >= 0) close(writing->folder);
  for (struct writing **link = &writings; *link != NULL; link = &(*link)->next) {
    if (*link != writing) continue;
    *link = writing->next;
    break;
  }
  free(writing);
}

static struct bytes name_of(const struct writing *writing) {
  return (struct bytes){(const uint8_t *)writing->name, (uint32_t)strlen(writing->name)};
}

static bool append(struct writing *writing, struct bytes content) {
  while (content.size > 0) {
    ssize_t size = write(writing->fd, content.data, content.size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      send_errno(writing->id, errno, "cannot write", name_of(writing));
      return false;
    }
    content.data += size;
    content.size -= (uint32_t)size;
  }
  return true;
}

static void finish(struct writing *writing) {
  path_give_away(writing->folder, writing->temporary);
  bool failed = fchmod(writing->fd, writing->mode & 07777) != 0 ||
                renameat(writing->folder, writing->temporary, writing->folder, writing->name) != 0;
  if (failed) send_errno(writing->id, errno, "cannot write", name_of(writing));
  else done_with_status(writing->id, writing->fd);
  drop(writing, failed);
}

void file_write(uint32_t id, struct reader *reader) {
  uint32_t mode = read_u32(reader);
  bool whole = read_u8(reader) == 1;
  struct bytes path = read_string(reader);
  struct writing *writing = calloc(1, sizeof *writing);
  if (writing == NULL) {
    send_errno(id, ENOMEM, "cannot write", path);
    return;
  }
  *writing = (struct writing){.next = writings, .id = id, .folder = -1, .fd = -1, .mode = mode};
  writings = writing;
  if (open_target(writing, path) != 0) {
    send_errno(id, errno, "cannot write", path);
    drop(writing, true);
    return;
  }
  if (!whole) return;
  struct bytes content = {reader->at, (uint32_t)(reader->end - reader->at)};
  if (append(writing, content)) finish(writing);
  else drop(writing, true);
}

bool write_request(uint8_t type, uint32_t id, struct reader *reader) {
  struct writing *writing = writings;
  while (writing != NULL && writing->id != id) writing = writing->next;
  if (writing == NULL) return false;
  struct bytes content = {reader->at, (uint32_t)(reader->end - reader->at)};
  switch (type) {
    case REQUEST_CONTENT:
      if (append(writing, content)) send_window(id, content.size);
      else drop(writing, true);
      break;
    case REQUEST_CONTENT_END: finish(writing); break;
    case REQUEST_CANCEL:
      send_failure(id, ERROR_CANCELLED, 0, "cancelled");
      drop(writing, true);
      break;
    default: break;
  }
  return true;
}
