/* stdin: at most one window of it is held here; the runtime gets the room back as the command reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "command.h"

static void go_deaf(struct input *input) {
  size_t lost = input->used;
  watch_close(&input->watch);
  input->used = 0;
  input->deaf = true;
  if (lost > 0) send_window(input->command->id, lost);
  if (!input->ended) send_empty(REPLY_DEAF, input->command->id);
}

static void pump(struct input *input) {
  while (input->used > 0) {
    ssize_t size = write(input->watch.fd, input->data + input->from, input->used);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) {
      go_deaf(input);
      return;
    }
    input->from += (size_t)size;
    input->used -= (size_t)size;
    send_window(input->command->id, (size_t)size);
  }
  if (input->used == 0) {
    free(input->data);
    input->data = NULL;
    if (input->ended) watch_close(&input->watch);
  }
  /* EPOLLERR is always reported: a command that closes its stdin is noticed at the next write. */
  watch_for(&input->watch, input->used > 0 ? EPOLLOUT : 0);
}

void input_take(struct input *input, struct bytes data) {
  if (input->watch.fd < 0) {
    send_window(input->command->id, data.size);
    return;
  }
  if (input->used + data.size > INITIAL_WINDOW) {
    go_deaf(input); /* more than the window: a defect of the sender, who is told at once */
    return;
  }
  if (input->data == NULL) {
    input->data = malloc(INITIAL_WINDOW);
    input->from = 0;
    if (input->data == NULL) {
      go_deaf(input);
      return;
    }
  }
  if (input->from > 0 && input->from + input->used + data.size > INITIAL_WINDOW) {
    memmove(input->data, input->data + input->from, input->used);
    input->from = 0;
  }
  memcpy(input->data + input->from + input->used, data.data, data.size);
  input->used += data.size;
  pump(input);
}

void input_end(struct input *input) {
  input->ended = true;
  if (input->watch.fd >= 0) pump(input);
}

void input_release(struct input *input) {
  watch_close(&input->watch);
  free(input->data);
  input->data = NULL;
  input->used = 0;
}

void input_ready(struct watch *watch, uint32_t events) {
  (void)events;
  pump(OWNER_OF(watch, struct input, watch));
}
