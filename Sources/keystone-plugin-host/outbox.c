#define _GNU_SOURCE 1
#include "outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room above OUTBOX_LIMIT for the replies that tell of refused frames. */
#define OUTBOX_SPARE ((size_t)1 << 20)

typedef struct block {
  struct block *next;
  size_t size;
  uint8_t bytes[];
} block;

static int output = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static block *first, **last = &first;
static size_t waiting;

/* The daemon is gone: nothing that this process could still do would reach anybody. */
static void leave(void) { _exit(0); }

static void write_block(const block *written) {
  size_t done = 0;
  while (done < written->size) {
    ssize_t count = send(output, written->bytes + done, written->size - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) leave();
    done += (size_t)count;
  }
}

/* The block being written stays first in the queue, so that nobody writes past it. */
static void *write_queue(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (first == NULL) pthread_cond_wait(&filled, &lock);
    block *written = first;
    pthread_mutex_unlock(&lock);
    write_block(written);
    pthread_mutex_lock(&lock);
    first = written->next;
    if (first == NULL) last = &first;
    waiting -= written->size;
    free(written);
  }
  return NULL;
}

bool outbox_start(int descriptor) {
  pthread_t writer;
  output = descriptor;
  if (pthread_create(&writer, NULL, write_queue, NULL) != 0) return false;
  pthread_setname_np(writer, "keystone-write");
  return pthread_detach(writer) == 0;
}

/* How much of the frame the socket took without waiting. */
static size_t write_now(const void *head, size_t head_size, const void *tail, size_t tail_size) {
  struct iovec parts[2] = {{(void *)(uintptr_t)head, head_size}, {(void *)(uintptr_t)tail, tail_size}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_size > 0 ? 2 : 1};
  for (;;) {
    ssize_t count = sendmsg(output, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return (size_t)count;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
    if (errno != EINTR) leave();
  }
}

static bool enqueue(const void *head, size_t head_size, const void *tail, size_t tail_size, size_t done) {
  size_t size = head_size + tail_size - done;
  block *added = malloc(sizeof(block) + size);
  if (added == NULL) return false;
  added->next = NULL;
  added->size = size;
  size_t from_head = done < head_size ? head_size - done : 0;
  size_t tail_done = done < head_size ? 0 : done - head_size;
  memcpy(added->bytes, (const uint8_t *)head + (head_size - from_head), from_head);
  if (tail_size > tail_done) {
    memcpy(added->bytes + from_head, (const uint8_t *)tail + tail_done, tail_size - tail_done);
  }
  *last = added;
  last = &added->next;
  waiting += size;
  pthread_cond_signal(&filled);
  return true;
}

static bool put(const void *head, size_t head_size, const void *tail, size_t tail_size, size_t limit) {
  size_t size = head_size + tail_size, done = 0;
  pthread_mutex_lock(&lock);
  bool accepted = waiting + size <= limit;
  if (accepted && first == NULL) done = write_now(head, head_size, tail, tail_size);
  if (accepted && done < size) accepted = enqueue(head, head_size, tail, tail_size, done);
  /* Half a frame is on its way and the rest cannot be kept: the stream is broken for good. */
  if (!accepted && done > 0) {
    fputs("keystone-plugin-host: out of memory\n", stderr);
    _exit(70);
  }
  pthread_mutex_unlock(&lock);
  return accepted;
}

bool outbox_put(const void *head, size_t head_size, const void *tail, size_t tail_size) {
  return put(head, head_size, tail, tail_size, OUTBOX_LIMIT);
}

void outbox_put_always(const void *head, size_t head_size, const void *tail, size_t tail_size) {
  if (put(head, head_size, tail, tail_size, OUTBOX_LIMIT + OUTBOX_SPARE)) return;
  fputs("keystone-plugin-host: the daemon does not read and the outgoing queue is full\n", stderr);
  _exit(70);
}
