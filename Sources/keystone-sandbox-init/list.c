/* LIST and TREE: the same walk, with and without digests. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entry.h"
#include "hash_cache.h"
#include "job.h"
#include "keystone_sha256.h"
#include "operations.h"
#include "path.h"
#include "sandbox.h"
#include "walk.h"

#define BATCH (16u << 10)
#define PIECE (128u << 10)
#define MOST_ENTRIES 2000000u

struct listing {
  struct job job;
  struct walk walk;
  bool digests;
  uint64_t count, hashed, cached;
  /* The file being hashed; `left` never grows, so that a file somebody keeps appending to has an end. */
  int fd;
  uint64_t left;
  struct stat status;
  ks_sha256 hash;
};

static void fail(struct listing *listing, int number) {
  struct bytes path = {(const uint8_t *)listing->walk.path, (uint32_t)listing->walk.path_size};
  if (number == EMFILE) {
    send_failure(listing->job.id, ERROR_EXHAUSTED, number, "the folder is nested deeper than %d levels", WALK_DEPTH);
  } else {
    send_errno(listing->job.id, number, "cannot list", path);
  }
  listing->job.ended = true;
}

static void done(struct listing *listing) {
  frame_begin(REPLY_DONE, listing->job.id);
  put_u64(listing->count);
  if (listing->digests) {
    put_u64(listing->hashed);
    put_u64(listing->cached);
  }
  frame_end();
  listing->job.ended = true;
}

static size_t put_current(struct listing *listing, const struct stat *status, const struct entry_digest *digest) {
  const struct walk *walk = &listing->walk;
  listing->count++;
  return put_entry(status, digest, walk->folder, walk->name, walk->path, walk->path_size);
}

/* Opens the current file for hashing, unless its digest is known or cannot be had. True when hashing has begun. */
static bool begin_hash(struct listing *listing, struct entry_digest *digest) {
  const struct walk *walk = &listing->walk;
  if (hash_cache_find(&walk->status, digest->bytes)) {
    digest->state = DIGEST_KNOWN;
    listing->cached += (uint64_t)walk->status.st_size;
    return false;
  }
  int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  listing->fd = openat(walk->folder, walk->name, flags);
  if (listing->fd >= 0 && fstat(listing->fd, &listing->status) == 0 && S_ISREG(listing->status.st_mode)) {
    listing->left = (uint64_t)listing->status.st_size;
    ks_sha256_init(&listing->hash);
    return true;
  }
  if (listing->fd >= 0) close(listing->fd);
  listing->fd = -1;
  digest->state = DIGEST_UNREADABLE;
  return false;
}

/* Hashes one piece. True when the file is finished and `digest` says how. */
static bool continue_hash(struct listing *listing, struct entry_digest *digest) {
  static uint8_t piece[PIECE];
  size_t wanted = listing->left < PIECE ? (size_t)listing->left : PIECE;
  ssize_t size = wanted > 0 ? read(listing->fd, piece, wanted) : 0;
  if (size > 0) {
    ks_sha256_update(&listing->hash, piece, (size_t)size);
    listing->left -= (uint64_t)size;
    listing->hashed += (uint64_t)size;
    if (listing->left > 0) return false;
  }
  digest->state = size < 0 ? DIGEST_UNREADABLE : DIGEST_KNOWN;
  ks_sha256_final(&listing->hash, digest->bytes);
  struct stat after;
  bool steady = fstat(listing->fd, &after) == 0 && after.st_size == listing->status.st_size &&
                after.st_ctim.tv_sec == listing->status.st_ctim.tv_sec &&
                after.st_ctim.tv_nsec == listing->status.st_ctim.tv_nsec;
  if (steady && digest->state == DIGEST_KNOWN) hash_cache_store(&after, digest->bytes);
  close(listing->fd);
  listing->fd = -1;
  return true;
}

/* Goes on by one entry or one piece of a file; returns the bytes put into the open frame, or -1 at the end. */
static ssize_t advance(struct listing *listing, int *number) {
  struct entry_digest digest = {.state = DIGEST_NONE};
  if (listing->fd >= 0) {
    return continue_hash(listing, &digest) ? (ssize_t)put_current(listing, &listing->status, &digest) : 0;
  }
  int more = listing->count < MOST_ENTRIES ? walk_next(&listing->walk) : -1;
  if (more <= 0) {
    *number = more == 0 ? 0 : listing->count < MOST_ENTRIES ? errno : ENFILE;
    return -1;
  }
  const struct stat *status = &listing->walk.status;
  if (listing->walk.unreadable) digest.state = DIGEST_UNREADABLE;
  if (listing->digests && S_ISREG(status->st_mode) && begin_hash(listing, &digest)) return 0;
  return (ssize_t)put_current(listing, status, &digest);
}

static void step(struct job *job) {
  struct listing *listing = OWNER_OF(job, struct listing, job);
  uint64_t until = now_ms() + SLICE_MS;
  size_t put = 0;
  int number = -1;
  frame_begin(REPLY_ENTRIES, job->id);
  do {
    ssize_t size = advance(listing, &number);
    if (size > 0) put += (size_t)size;
  } while (number < 0 && put < BATCH && put < job->credit && now_ms() < until);
  frame_end();
  job_spend(job, put);
  if (number == 0) done(listing);
  else if (number > 0) fail(listing, number);
}

static void release(struct job *job) {
  struct listing *listing = OWNER_OF(job, struct listing, job);
  if (listing->fd >= 0) close(listing->fd);
  walk_end(&listing->walk);
  free(listing);
}

static void begin(uint32_t id, struct bytes path, bool recursive, bool digests) {
  int place = path_open(path, true);
  int fd = place < 0 ? -1 : path_reopen(place, O_RDONLY | O_DIRECTORY, true);
  int number = errno;
  if (place >= 0) close(place);
  struct listing *listing = fd < 0 ? NULL : calloc(1, sizeof *listing);
  if (listing == NULL) {
    if (fd >= 0) close(fd);
    send_errno(id, fd < 0 ? number : ENOMEM, "cannot list", path);
    return;
  }
  listing->job = (struct job){.id = id, .needs_credit = true, .step = step, .release = release};
  listing->digests = digests;
  listing->fd = -1;
  bool begun = walk_begin(&listing->walk, fd, recursive);
  if (!begun) fail(listing, errno);
  if (begun) job_add(&listing->job);
  else release(&listing->job);
}

void file_list(uint32_t id, struct reader *reader) {
  bool recursive = read_u8(reader) == 1;
  begin(id, read_string(reader), recursive, false);
}

void file_tree(uint32_t id, struct reader *reader) { begin(id, read_string(reader), true, true); }
