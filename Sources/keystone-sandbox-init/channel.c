/* The control socket. Frames are built at the end of one buffer and leave from its beginning. */
#include "channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "operations.h"
#include "sandbox.h"

/* Producers of bulk data stop above this much unsent output; requests are not read above the second mark. */
#define ROOM_LIMIT (256u << 10)
#define PAUSE_LIMIT (1u << 20)
#define INPUT_SIZE (64u << 10)

static struct {
  struct watch watch;
  uint8_t *in, *out;
  size_t in_used, in_size;
  size_t out_from, out_used, out_size;
  size_t frame;
  bool starved; /* somebody was told that there is no room, and waits */
} channel;

static void grow(uint8_t **buffer, size_t *size, size_t wanted) {
  if (wanted <= *size) return;
  size_t larger = *size * 2 > wanted ? *size * 2 : wanted;
  uint8_t *moved = realloc(*buffer, larger);
  if (moved == NULL) shut_down();
  *buffer = moved;
  *size = larger;
}

static uint32_t load_u32(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store_u32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static const uint8_t *take(struct reader *reader, size_t size) {
  if (reader->bad || (size_t)(reader->end - reader->at) < size) {
    reader->bad = true;
    return NULL;
  }
  const uint8_t *at = reader->at;
  reader->at += size;
  return at;
}

uint8_t read_u8(struct reader *reader) {
  const uint8_t *at = take(reader, 1);
  return at ? *at : 0;
}

uint32_t read_u32(struct reader *reader) {
  const uint8_t *at = take(reader, 4);
  return at ? load_u32(at) : 0;
}

uint64_t read_u64(struct reader *reader) {
  uint64_t low = read_u32(reader);
  return low | (uint64_t)read_u32(reader) << 32;
}

struct bytes read_string(struct reader *reader) {
  uint32_t size = read_u32(reader);
  const uint8_t *at = take(reader, size);
  return at ? (struct bytes){at, size} : (struct bytes){NULL, 0};
}

/* Handles the complete frames in the buffer; the runtime is trusted, so a malformed frame ends everything. */
static void take_frames(void) {
  size_t from = 0;
  while (channel.in_used - from >= HEADER_SIZE) {
    const uint8_t *at = channel.in + from;
    uint32_t size = load_u32(at);
    if (size > MAX_PAYLOAD) shut_down();
    if (channel.in_used - from < HEADER_SIZE + size) {
      grow(&channel.in, &channel.in_size, from + HEADER_SIZE + size);
      break;
    }
    struct reader reader = {channel.in + from + HEADER_SIZE, channel.in + from + HEADER_SIZE + size, false};
    handle_request(at[4], load_u32(at + 5), &reader);
    from += HEADER_SIZE + size;
  }
  channel.in_used -= from;
  memmove(channel.in, channel.in + from, channel.in_used);
  if (channel.in_used == 0 && channel.in_size > INPUT_SIZE) {
    uint8_t *smaller = realloc(channel.in, INPUT_SIZE);
    if (smaller != NULL) {
      channel.in = smaller;
      channel.in_size = INPUT_SIZE;
    }
  }
}

static void channel_ready(struct watch *watch, uint32_t events) {
  (void)watch;
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  if (channel.out_used > PAUSE_LIMIT && !(events & (EPOLLHUP | EPOLLERR))) return;
  ssize_t got = recv(channel.watch.fd, channel.in + channel.in_used, channel.in_size - channel.in_used, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) shut_down();
  channel.in_used += (size_t)got;
  take_frames();
}

void channel_open(int fd) {
  channel.watch = (struct watch){.fd = fd, .ready = channel_ready};
  grow(&channel.in, &channel.in_size, INPUT_SIZE);
  grow(&channel.out, &channel.out_size, INPUT_SIZE);
  watch_for(&channel.watch, EPOLLIN);
}

bool channel_has_room(void) {
  bool room = channel.out_used < ROOM_LIMIT;
  if (!room) channel.starved = true;
  return room;
}

uint8_t *frame_space(size_t size) {
  if (channel.out_from > 0 && channel.out_from + channel.out_used + size > channel.out_size) {
    memmove(channel.out, channel.out + channel.out_from, channel.out_used);
    channel.out_from = 0;
  }
  grow(&channel.out, &channel.out_size, channel.out_from + channel.out_used + size);
  return channel.out + channel.out_from + channel.out_used;
}

void frame_keep(size_t size) { channel.out_used += size; }

void put_bytes(const void *data, size_t size) {
  if (size == 0) return;
  memcpy(frame_space(size), data, size);
  frame_keep(size);
}

void put_u8(uint8_t value) { put_bytes(&value, 1); }

void put_u32(uint32_t value) {
  store_u32(frame_space(4), value);
  frame_keep(4);
}

void put_u64(uint64_t value) {
  put_u32((uint32_t)value);
  put_u32((uint32_t)(value >> 32));
}

void put_string(const void *data, size_t size) {
  put_u32((uint32_t)size);
  put_bytes(data, size);
}

void frame_begin(enum reply type, uint32_t id) {
  channel.frame = channel.out_used;
  put_u32(0);
  put_u8((uint8_t)type);
  put_u32(id);
}

void frame_end(void) {
  store_u32(channel.out + channel.out_from + channel.frame, (uint32_t)(channel.out_used - channel.frame - HEADER_SIZE));
}

void send_empty(enum reply type, uint32_t id) {
  frame_begin(type, id);
  frame_end();
}

void send_window(uint32_t id, size_t bytes) {
  frame_begin(REPLY_WINDOW, id);
  put_u32((uint32_t)bytes);
  frame_end();
}

void send_failure(uint32_t id, enum error error, int number, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  frame_begin(REPLY_FAILED, id);
  put_u32(error);
  put_u32((uint32_t)number);
  put_string(text, strlen(text));
  frame_end();
}

static enum error error_of(int number) {
  switch (number) {
    case ENOENT: case ENOTDIR: return ERROR_NOT_FOUND;
    case EACCES: case EPERM: case EROFS: return ERROR_DENIED;
    case EXDEV: case ELOOP: return ERROR_OUTSIDE;
    case EISDIR: case ENXIO: case EEXIST: case ENOTEMPTY: return ERROR_WRONG_KIND;
    case EINVAL: case ENAMETOOLONG: return ERROR_INVALID;
    case ENOSPC: case EDQUOT: case EMFILE: case ENFILE: case ENOMEM: case EFBIG: return ERROR_EXHAUSTED;
    default: return ERROR_SYSTEM;
  }
}

/* The kernel's words where they help; some of its numbers mean something more exact here. */
static const char *explain(int number) {
  switch (number) {
    case EXDEV: return "it leads out of the workspace";
    case ELOOP: return "it is a chain of too many links, or a link where none may be";
    case ENXIO: return "it is not a regular file but a FIFO, a socket or a device";
    default: return strerror(number);
  }
}

void send_errno(uint32_t id, int number, const char *what, struct bytes path) {
  send_failure(id, error_of(number), number, "%s '%.*s': %s", what, (int)(path.size > 300 ? 300 : path.size),
               path.data ? (const char *)path.data : "", explain(number));
}

void channel_flush(void) {
  while (channel.out_used > 0) {
    ssize_t sent = send(channel.watch.fd, channel.out + channel.out_from, channel.out_used, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) shut_down();
    if (sent < 0) break;
    channel.out_from += (size_t)sent;
    channel.out_used -= (size_t)sent;
  }
  if (channel.out_used == 0) channel.out_from = 0;
  bool paused = channel.out_used > PAUSE_LIMIT;
  watch_for(&channel.watch, (paused ? 0 : EPOLLIN) | (channel.out_used > 0 ? EPOLLOUT : 0));
  if (channel.starved && channel.out_used < ROOM_LIMIT) {
    channel.starved = false;
    producers_resume();
  }
}
