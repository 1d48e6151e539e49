#include "entry.h"

#include <string.h>
#include <unistd.h>

#include "channel.h"

static uint8_t kind(mode_t mode) {
  return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'o';
}

void done_with_status(uint32_t id, int fd) {
  struct entry_digest none = {.state = DIGEST_NONE};
  struct stat status = {0};
  fstat(fd, &status);
  frame_begin(REPLY_DONE, id);
  put_entry(&status, &none, fd, "", "", 0);
  frame_end();
}

size_t put_entry(const struct stat *status, const struct entry_digest *digest, int folder, const char *name,
                 const char *path, size_t path_size) {
  char target[4096];
  ssize_t target_size = S_ISLNK(status->st_mode) ? readlinkat(folder, name, target, sizeof target) : 0;
  if (target_size < 0) target_size = 0;
  put_u8(kind(status->st_mode));
  put_u32(status->st_mode & 07777);
  put_u64((uint64_t)status->st_size);
  put_u64((uint64_t)(status->st_mtim.tv_sec * 1000000000LL + status->st_mtim.tv_nsec));
  put_u8((uint8_t)digest->state);
  if (digest->state == DIGEST_KNOWN) put_bytes(digest->bytes, 32);
  put_string(path, path_size);
  put_string(target, (size_t)target_size);
  return 30 + path_size + (size_t)target_size + (digest->state == DIGEST_KNOWN ? 32 : 0);
}
