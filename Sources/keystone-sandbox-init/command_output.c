/* stdout and stderr: read only as far as the runtime has granted credit, so a flood blocks its writer, not us. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"

static uint8_t scratch[64 << 10];

static bool may_send(const struct output *output) { return output->credit > 0 && channel_has_room(); }

static void finish(struct output *output) {
  output->finished = true;
  command_progress(output->command);
}

void output_resume(struct output *output) {
  bool wanted = output->finished || may_send(output);
  watch_for(&output->watch, wanted ? EPOLLIN : 0);
}

void output_limit(struct output *output) {
  int pending = 0;
  if (output->finished) return;
  if (output->watch.fd < 0 || ioctl(output->watch.fd, FIONREAD, &pending) != 0) pending = 0;
  output->remaining = (uint64_t)pending;
  if (pending == 0) output->finished = true;
  output_resume(output);
}

void output_abandon(struct output *output) {
  output->finished = true;
  output_resume(output);
}

static void end_of_file(struct output *output) {
  watch_close(&output->watch);
  if (!output->finished) finish(output);
}

static void throw_away(struct output *output) {
  ssize_t size = read(output->watch.fd, scratch, sizeof scratch);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) end_of_file(output);
}

static size_t wanted_size(const struct output *output) {
  uint64_t size = sizeof scratch;
  if (output->credit < size) size = output->credit;
  if (output->command->ended && output->remaining < size) size = output->remaining;
  return (size_t)size;
}

void output_ready(struct watch *watch, uint32_t events) {
  (void)events;
  struct output *output = OWNER_OF(watch, struct output, watch);
  if (output->finished) {
    throw_away(output);
    return;
  }
  if (may_send(output)) {
    ssize_t size = read(watch->fd, scratch, wanted_size(output));
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      end_of_file(output);
      return;
    }
    frame_begin(output->type, output->command->id);
    put_bytes(scratch, (size_t)size);
    frame_end();
    output->credit -= (uint64_t)size;
    if (output->command->ended && (output->remaining -= (uint64_t)size) == 0) finish(output);
  }
  output_resume(output);
}
