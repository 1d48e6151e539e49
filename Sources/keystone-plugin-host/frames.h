/*
 * frames.h - the five functions of keystone_plugin.h as frames on a stream socket.
 *
 * All numbers are little endian. A frame is: u32 length of what follows, u8 type, and then
 *
 *   1 call     u64 id, i64 budget_ms, u64 parent, u16 method length, method, body
 *   2 send     u64 id, u32 channel, u32 flags, bytes
 *   3 credit   u64 id, u32 channel, u64 bytes
 *   4 cancel   u64 id, u32 reason
 *   5 reply    u64 id, u32 status, body
 *   6 hello    u32 size of the plugin's table, u32 its version     (first frame of the child)
 *   7 refused  text: why the plugin cannot be used                 (instead of hello; the child then ends)
 *
 * The other end of the socket is Sources/keystone/PluginHost/Isolated/Frame.swift.
 */
#ifndef KEYSTONE_PLUGIN_HOST_FRAMES_H
#define KEYSTONE_PLUGIN_HOST_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "../CKeystonePlugin/include/keystone_plugin.h"

enum {
  FRAME_CALL = 1,
  FRAME_SEND = 2,
  FRAME_CREDIT = 3,
  FRAME_CANCEL = 4,
  FRAME_REPLY = 5,
  FRAME_HELLO = 6,
  FRAME_REFUSED = 7
};

/* What stands before the variable part of each type, the length and the type included. */
enum {
  FRAME_PREFIX = 5,
  FRAME_CALL_HEAD = FRAME_PREFIX + 26,
  FRAME_SEND_HEAD = FRAME_PREFIX + 16,
  FRAME_CREDIT_SIZE = FRAME_PREFIX + 20,
  FRAME_CANCEL_SIZE = FRAME_PREFIX + 12,
  FRAME_REPLY_HEAD = FRAME_PREFIX + 12,
  FRAME_HELLO_SIZE = FRAME_PREFIX + 8
};

/* No frame, its length included, is larger than a call with the longest method and the largest body. */
#define FRAME_MAX_SIZE ((size_t)FRAME_CALL_HEAD + KS_MAX_METHOD + KS_MAX_BODY)

static inline uint8_t *put_number(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
  return at + bytes;
}

static inline uint64_t get_number(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
  return value;
}

/* Writes length and type of a frame whose head of `head` bytes is followed by `tail` more. */
static inline uint8_t *put_prefix(uint8_t *at, int type, size_t head, size_t tail) {
  at = put_number(at, head - 4 + tail, 4);
  return put_number(at, (uint64_t)type, 1);
}

#endif
