/* STATUS and MAKE_FOLDER, which are answered at once. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry.h"
#include "operations.h"
#include "path.h"

void file_status(uint32_t id, struct reader *reader) {
  bool follow = read_u8(reader) == 1;
  struct bytes path = read_string(reader);
  struct stat status;
  int fd = path_open(path, follow);
  if (fd < 0 || fstat(fd, &status) != 0) {
    send_errno(id, errno, "cannot look at", path);
  } else {
    struct entry_digest none = {.state = DIGEST_NONE};
    frame_begin(REPLY_DONE, id);
    put_entry(&status, &none, fd, "", (const char *)path.data, path.size);
    frame_end();
  }
  if (fd >= 0) close(fd);
}

static int make(struct bytes path, mode_t mode, bool parents) {
  char name[256];
  struct stat status;
  int folder = path_open_parent(path, parents, name);
  if (folder < 0) return parents && errno == EISDIR ? 0 : errno;
  int number = mkdirat(folder, name, mode) == 0 ? 0 : errno;
  if (number == 0) path_give_away(folder, name);
  if (number == EEXIST && parents) {
    int existing = path_open(path, true);
    bool folder_there = existing >= 0 && fstat(existing, &status) == 0 && S_ISDIR(status.st_mode);
    if (existing >= 0) close(existing);
    if (folder_there) number = 0;
  }
  close(folder);
  return number;
}

void file_make_folder(uint32_t id, struct reader *reader) {
  mode_t mode = read_u32(reader) & 07777;
  bool parents = read_u8(reader) == 1;
  struct bytes path = read_string(reader);
  int number = make(path, mode, parents);
  if (number == 0) send_empty(REPLY_DONE, id);
  else send_errno(id, number, "cannot make the folder", path);
}
