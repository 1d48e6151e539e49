/*
 * The loop that answers seccomp notifications: receive, look at what the call will do, tell the sink, let the kernel go on.
 * It runs on a thread of its own and allocates nothing per event.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "keystone_sandbox.h"
#include "place.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#endif
#define SYNCHRONOUS_WAKE_UP 1ull
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

#define PAGE 4096u
#define ARGUMENTS_LIMIT (16u << 10)
#define MOST_ARGUMENTS 512u
#define EXCHANGE 2u /* RENAME_EXCHANGE */

/* One listener, and room for what is being looked at. */
struct supervisor {
  int listener, root;
  ks_event_sink sink;
  void *context;
  struct seccomp_notif *request;
  struct seccomp_notif_resp *response;
  size_t request_size, response_size;
  char path[PLACE_LIMIT], other[PLACE_LIMIT];
  char arguments[ARGUMENTS_LIMIT];
  struct place place, origin;
};

/* What a call is about; the numbers are the places of its arguments, -1 where it has none. */
struct call {
  int number;
  const char *name;
  int (*look)(struct supervisor *, const struct call *);
  int folder, path, flags;
  int other_folder, other;
};

static uint64_t argument(const struct supervisor *self, int index) { return self->request->data.args[index]; }

static pid_t pid_of(const struct supervisor *self) { return (pid_t)self->request->pid; }

static int folder_of(const struct supervisor *self, int index) {
  return index < 0 ? AT_FDCWD : (int)argument(self, index);
}

static ssize_t peek(const struct supervisor *self, uint64_t address, void *buffer, size_t size) {
  struct iovec mine = {buffer, size}, theirs = {(void *)(uintptr_t)address, size};
  return process_vm_readv(pid_of(self), &mine, 1, &theirs, 1, 0);
}

/* A string of the process, page by page since the next one need not be there. Returns its length without the 0, -1 when it
   cannot be read or is longer. */
static ssize_t peek_string(const struct supervisor *self, uint64_t address, char *buffer, size_t size) {
  size_t used = 0;
  while (used < size) {
    size_t part = PAGE - (address + used) % PAGE;
    /* Most strings are short. */
    if (used == 0 && part > 256) part = 256;
    if (part > size - used) part = size - used;
    ssize_t count = peek(self, address + used, buffer + used, part);
    if (count <= 0) return -1;
    char *end = memchr(buffer + used, 0, (size_t)count);
    if (end != NULL) return end - buffer;
    used += (size_t)count;
  }
  return -1;
}

static int read_path(struct supervisor *self, int index, char *buffer) {
  if (peek_string(self, argument(self, index), buffer, PLACE_LIMIT) >= 0) return 0;
  return EFAULT;
}

/* What the caller is told when its path leads nowhere. */
static int refusal(int number) {
  return number == 0 || number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG ? number : EACCES;
}

/* 0 with a place, else the errno the call is refused with. `flags` is where AT_EMPTY_PATH may stand, -1 for nowhere. */
static int find(struct supervisor *self, int folder, int path, int flags, bool follows, char *buffer,
                struct place *place) {
  int number = read_path(self, path, buffer);
  if (number != 0) return number;
  if (buffer[0] != 0) {
    return refusal(place_find(pid_of(self), self->root, folder_of(self, folder), buffer, follows, place));
  }
  bool is_descriptor = flags >= 0 && (argument(self, flags) & AT_EMPTY_PATH) != 0;
  return is_descriptor ? refusal(place_of_descriptor(pid_of(self), folder_of(self, folder), place)) : ENOENT;
}

/* What was looked at is only true of this process if it still waits: afterwards its id could belong to another one. */
static bool still_waits(const struct supervisor *self) {
  return ioctl(self->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &self->request->id) == 0;
}

static int tell(struct supervisor *self, enum ks_event_kind kind, const char *call, const struct place *place,
                const char *origin) {
  struct ks_event event = {.kind = kind, .call = call, .path = place->path, .origin = origin, .pid = pid_of(self),
                           .directory = place->exists && S_ISDIR(place->status.st_mode)};
  return still_waits(self) ? self->sink(self->context, &event) : EINTR;
}

/* MARK: opening */

static int look_at_open(struct supervisor *self, const struct call *call, uint64_t flags) {
  bool is_exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if (flags & O_PATH) return 0;
  int number = find(self, call->folder, call->path, -1, !(flags & O_NOFOLLOW) && !is_exclusive, self->path, &self->place);
  if (number != 0) return number;
  const struct place *place = &self->place;
  if ((flags & O_TMPFILE) == O_TMPFILE) return 0; /* it has no name until it is linked */
  if (!place->exists) {
    if (!(flags & O_CREAT)) return ENOENT;
    return place->read_only ? EROFS : tell(self, KS_EVENT_WRITE, "create", place, NULL);
  }
  if (is_exclusive) return EEXIST;
  if (!S_ISREG(place->status.st_mode)) return 0;
  /* One that is there and only opened for reading, even with O_CREAT, stays as it is. */
  bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  if (!changes) return tell(self, KS_EVENT_READ, "open", place, NULL);
  return place->read_only ? EROFS : tell(self, KS_EVENT_WRITE, "open", place, NULL);
}

static int look_at_plain_open(struct supervisor *self, const struct call *call) {
  uint64_t flags = call->flags < 0 ? O_CREAT | O_WRONLY | O_TRUNC : argument(self, call->flags);
  return look_at_open(self, call, flags);
}

static int look_at_openat2(struct supervisor *self, const struct call *call) {
  uint64_t flags;
  if (peek(self, argument(self, 2), &flags, sizeof flags) != sizeof flags) return EFAULT;
  return look_at_open(self, call, flags);
}

/* MARK: changing */

static int look_at_change(struct supervisor *self, const struct call *call) {
  struct place *place = &self->place;
  bool follows = call->flags < 0 || !(argument(self, call->flags) & AT_SYMLINK_NOFOLLOW);
  int number = call->path < 0 ? refusal(place_of_descriptor(pid_of(self), (int)argument(self, 0), place))
                              : find(self, call->folder, call->path, call->flags, follows, self->path, place);
  if (number != 0) return number;
  if (!place->exists) return ENOENT;
  if (!S_ISREG(place->status.st_mode) && !S_ISDIR(place->status.st_mode)) return 0;
  return place->read_only ? EROFS : tell(self, KS_EVENT_WRITE, call->name, place, NULL);
}

/* Calls that make something new: mkdir, mknod, symlink. */
static int look_at_making(struct supervisor *self, const struct call *call) {
  int number = find(self, call->folder, call->path, -1, false, self->path, &self->place);
  if (number != 0) return number;
  if (self->place.exists) return EEXIST;
  if (self->place.read_only) return EROFS;
  if (strcmp(call->name, "mkdir") == 0) {
    self->place.exists = true;
    self->place.status.st_mode = S_IFDIR;
  }
  return tell(self, KS_EVENT_WRITE, call->name, &self->place, NULL);
}

static int look_at_removal(struct supervisor *self, const struct call *call) {
  int number = find(self, call->folder, call->path, -1, false, self->path, &self->place);
  if (number != 0) return number;
  if (!self->place.exists) return ENOENT;
  return self->place.read_only ? EROFS : tell(self, KS_EVENT_DELETE, call->name, &self->place, NULL);
}

/* rename and link: `path` is the old name, `other` the new one. */
static int look_at_pair(struct supervisor *self, const struct call *call) {
  bool links = strcmp(call->name, "link") == 0;
  bool follows = links && call->flags >= 0 && (argument(self, call->flags) & AT_SYMLINK_FOLLOW);
  int number = find(self, call->folder, call->path, links ? call->flags : -1, follows, self->path, &self->origin);
  if (number == 0) number = find(self, call->other_folder, call->other, -1, false, self->other, &self->place);
  if (number != 0) return number;
  if (!self->origin.exists) return ENOENT;
  if (self->place.read_only) return EROFS;
  if (links && self->place.exists) return EEXIST;
  bool exchanges = !links && call->flags >= 0 && (argument(self, call->flags) & EXCHANGE);
  struct stat kept = self->place.status;
  self->place.status = self->origin.status;
  self->place.exists = true;
  number = tell(self, KS_EVENT_WRITE, call->name, &self->place, self->origin.path);
  if (number != 0 || links) return number;
  if (!exchanges) return tell(self, KS_EVENT_DELETE, call->name, &self->origin, NULL);
  self->origin.status = kept;
  return tell(self, KS_EVENT_WRITE, call->name, &self->origin, self->place.path);
}

/* MARK: programs */

static void read_arguments(struct supervisor *self, uint64_t address, struct ks_event *event) {
  event->arguments = self->arguments;
  event->truncated = address != 0;
  for (unsigned i = 0; i < MOST_ARGUMENTS && address != 0; i++) {
    uint64_t pointer;
    if (peek(self, address + i * sizeof pointer, &pointer, sizeof pointer) != sizeof pointer) return;
    if (pointer == 0) {
      event->truncated = 0;
      return;
    }
    size_t used = event->arguments_size;
    ssize_t size = peek_string(self, pointer, self->arguments + used, sizeof self->arguments - used);
    if (size < 0) return;
    event->arguments_size = used + (size_t)size + 1;
  }
}

static int look_at_program(struct supervisor *self, const struct call *call) {
  struct place *place = &self->place;
  int number = find(self, call->folder, call->path, call->flags, true, self->path, place);
  if (number != 0) return number;
  if (!place->exists) return ENOENT;
  if (!S_ISREG(place->status.st_mode) || !(place->status.st_mode & 0111)) return EACCES;
  struct ks_event event = {.kind = KS_EVENT_PROCESS, .call = call->name, .path = place->path, .pid = pid_of(self)};
  read_arguments(self, argument(self, call->path + 1), &event);
  return still_waits(self) ? self->sink(self->context, &event) : EINTR;
}

/* MARK: the table */

/* number, name, look, folder, path, flags, other folder, other */
static const struct call calls[] = {
    {__NR_openat, "open", look_at_plain_open, 0, 1, 2, -1, -1},
    {__NR_openat2, "open", look_at_openat2, 0, 1, -1, -1, -1},
    {__NR_execve, "execve", look_at_program, -1, 0, -1, -1, -1},
    {__NR_execveat, "execveat", look_at_program, 0, 1, 4, -1, -1},
    {__NR_unlinkat, "unlink", look_at_removal, 0, 1, 2, -1, -1},
    {__NR_renameat, "rename", look_at_pair, 0, 1, -1, 2, 3},
    {__NR_renameat2, "rename", look_at_pair, 0, 1, 4, 2, 3},
    {__NR_linkat, "link", look_at_pair, 0, 1, 4, 2, 3},
    {__NR_symlinkat, "symlink", look_at_making, 1, 2, -1, -1, -1},
    {__NR_mkdirat, "mkdir", look_at_making, 0, 1, -1, -1, -1},
    {__NR_mknodat, "mknod", look_at_making, 0, 1, -1, -1, -1},
    {__NR_truncate, "truncate", look_at_change, -1, 0, -1, -1, -1},
    {__NR_fchmod, "chmod", look_at_change, -1, -1, -1, -1, -1},
    {__NR_fchmodat, "chmod", look_at_change, 0, 1, -1, -1, -1},
    {__NR_fchmodat2, "chmod", look_at_change, 0, 1, 3, -1, -1},
    {__NR_fchown, "chown", look_at_change, -1, -1, -1, -1, -1},
    {__NR_fchownat, "chown", look_at_change, 0, 1, 4, -1, -1},
#ifdef __x86_64__
    {__NR_open, "open", look_at_plain_open, -1, 0, 1, -1, -1},
    {__NR_creat, "open", look_at_plain_open, -1, 0, -1, -1, -1},
    {__NR_unlink, "unlink", look_at_removal, -1, 0, -1, -1, -1},
    {__NR_rmdir, "rmdir", look_at_removal, -1, 0, -1, -1, -1},
    {__NR_rename, "rename", look_at_pair, -1, 0, -1, -1, 1},
    {__NR_link, "link", look_at_pair, -1, 0, -1, -1, 1},
    {__NR_symlink, "symlink", look_at_making, -1, 1, -1, -1, -1},
    {__NR_mkdir, "mkdir", look_at_making, -1, 0, -1, -1, -1},
    {__NR_mknod, "mknod", look_at_making, -1, 0, -1, -1, -1},
    {__NR_chmod, "chmod", look_at_change, -1, 0, -1, -1, -1},
    {__NR_chown, "chown", look_at_change, -1, 0, -1, -1, -1},
    {__NR_lchown, "chown", look_at_change, -1, 0, -1, -1, -1},
#endif
};

static int look(struct supervisor *self) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (calls[i].number == self->request->data.nr) return calls[i].look(self, &calls[i]);
  }
  return 0;
}

/* MARK: the loop */

/* All processes of a sandbox have one root: without user namespaces none of them can change it. */
static void find_root(struct supervisor *self) {
  if (self->root >= 0) return;
  char link[40];
  snprintf(link, sizeof link, "/proc/%d/root", pid_of(self));
  int root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0 && still_waits(self)) self->root = root;
  else if (root >= 0) close(root);
}

/* One notification; false when there will be no more. */
static bool serve(struct supervisor *self) {
  memset(self->request, 0, self->request_size);
  if (ioctl(self->listener, SECCOMP_IOCTL_NOTIF_RECV, self->request) != 0) return errno == EINTR || errno == ENOENT;
  find_root(self);
  int number = self->root < 0 ? EACCES : look(self);
  memset(self->response, 0, self->response_size);
  self->response->id = self->request->id;
  if (number > 0) self->response->error = -number;
  else self->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return ioctl(self->listener, SECCOMP_IOCTL_NOTIF_SEND, self->response) == 0 || errno == ENOENT || errno == EINTR;
}

static bool prepare(struct supervisor *self) {
  struct seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return false;
  self->request_size = sizes.seccomp_notif > sizeof *self->request ? sizes.seccomp_notif : sizeof *self->request;
  self->response_size =
      sizes.seccomp_notif_resp > sizeof *self->response ? sizes.seccomp_notif_resp : sizeof *self->response;
  self->request = calloc(1, self->request_size);
  self->response = calloc(1, self->response_size);
  /* The two sides take turns: the one that wakes the other is about to sleep. Older kernels do not know this. */
  ioctl(self->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNCHRONOUS_WAKE_UP);
  return self->request != NULL && self->response != NULL;
}

int ks_supervise(int listener, int stop, ks_event_sink sink, void *context) {
  struct supervisor *self = calloc(1, sizeof *self);
  if (self == NULL) return ENOMEM;
  self->listener = listener;
  self->root = -1;
  self->sink = sink;
  self->context = context;
  int number = prepare(self) ? 0 : ENOSYS;
  while (number == 0) {
    struct pollfd waiting[] = {{.fd = listener, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) number = errno;
    if (waiting[1].revents != 0) break;
    if (waiting[0].revents & POLLIN) {
      if (!serve(self)) number = errno;
    } else if (waiting[0].revents != 0) {
      break; /* nobody is left that could notify */
    }
  }
  if (self->root >= 0) close(self->root);
  free(self->request);
  free(self->response);
  free(self);
  return number;
}
