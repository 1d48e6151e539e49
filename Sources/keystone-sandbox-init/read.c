/* READ: a regular file as DATA frames. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry.h"
#include "job.h"
#include "operations.h"
#include "path.h"
#include "sandbox.h"

#define PIECE (128u << 10)

struct reading {
  struct job job;
  int fd;
  uint64_t offset, left;
};

static void done(struct reading *reading) {
  done_with_status(reading->job.id, reading->fd);
  reading->job.ended = true;
}

static void step(struct job *job) {
  struct reading *reading = OWNER_OF(job, struct reading, job);
  size_t wanted = PIECE;
  if (reading->left < wanted) wanted = (size_t)reading->left;
  if (job->credit < wanted) wanted = (size_t)job->credit;
  static uint8_t piece[PIECE];
  ssize_t size = wanted > 0 ? pread(reading->fd, piece, wanted, (off_t)reading->offset) : 0;
  if (size < 0) {
    send_errno(job->id, errno, "cannot read the file", (struct bytes){NULL, 0});
    job->ended = true;
    return;
  }
  if (size > 0) {
    frame_begin(REPLY_DATA, job->id);
    put_bytes(piece, (size_t)size);
    frame_end();
    job_spend(job, (uint64_t)size);
    reading->offset += (uint64_t)size;
    reading->left -= (uint64_t)size;
  }
  if (size == 0 || reading->left == 0) done(reading);
}

static void release(struct job *job) {
  struct reading *reading = OWNER_OF(job, struct reading, job);
  close(reading->fd);
  free(reading);
}

void file_read(uint32_t id, struct reader *reader) {
  uint64_t offset = read_u64(reader), limit = read_u64(reader);
  struct bytes path = read_string(reader);
  int place = path_open(path, true);
  int fd = place < 0 ? -1 : path_reopen(place, O_RDONLY, false);
  int number = errno;
  if (place >= 0) close(place);
  struct reading *reading = fd < 0 ? NULL : calloc(1, sizeof *reading);
  if (reading == NULL) {
    send_errno(id, fd < 0 ? number : ENOMEM, "cannot read", path);
    if (fd >= 0) close(fd);
    return;
  }
  *reading = (struct reading){
      .job = {.id = id, .needs_credit = true, .step = step, .release = release},
      .fd = fd, .offset = offset, .left = limit};
  job_add(&reading->job);
}
