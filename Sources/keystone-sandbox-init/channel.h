/* The control socket: frames in, frames out, both bounded. */
#ifndef KEYSTONE_SANDBOX_CHANNEL_H
#define KEYSTONE_SANDBOX_CHANNEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* A payload being read. A read past its end gives zeros and sets `bad`. */
struct reader {
  const uint8_t *at, *end;
  bool bad;
};

struct bytes {
  const uint8_t *data;
  uint32_t size;
};

uint8_t read_u8(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
struct bytes read_string(struct reader *reader);

/* Opens the channel on the inherited descriptor. */
void channel_open(int fd);
/* Whether bulk data may be produced now. After a false, `producers_resume` is called once there is room. */
bool channel_has_room(void);

/* Begins a frame; the put functions add to it; `frame_end` fixes its size and lets it go. */
void frame_begin(enum reply type, uint32_t id);
void put_u8(uint8_t value);
void put_u32(uint32_t value);
void put_u64(uint64_t value);
void put_bytes(const void *data, size_t size);
void put_string(const void *data, size_t size);
/* Room for `size` bytes at the end of the frame, to be filled directly; `frame_keep` says how many were. */
uint8_t *frame_space(size_t size);
void frame_keep(size_t size);
void frame_end(void);

void send_empty(enum reply type, uint32_t id);
void send_failure(uint32_t id, enum error error, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void send_window(uint32_t id, size_t bytes);
/* FAILED for an errno, with the code that fits it. */
void send_errno(uint32_t id, int number, const char *what, struct bytes path);

/* Writes what it can; called once per round of the loop. Ends the process when the other side is gone. */
void channel_flush(void);

#endif
