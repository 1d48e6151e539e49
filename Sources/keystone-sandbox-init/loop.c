/* The event loop: descriptors, then the clock, then one slice of each long job. */
#include "loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "limits.h"
#include "operations.h"
#include "sandbox.h"

static int poller = -1;

uint64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void watch_for(struct watch *watch, uint32_t events) {
  if (watch->fd < 0 || watch->events == events) return;
  struct epoll_event event = {.events = events, .data.ptr = watch};
  int change = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  epoll_ctl(poller, change, watch->fd, &event);
  watch->events = events;
}

void watch_close(struct watch *watch) {
  if (watch->fd < 0) return;
  watch_for(watch, 0);
  close(watch->fd);
  watch->fd = -1;
}

bool loop_open(void) {
  poller = epoll_create1(EPOLL_CLOEXEC);
  return poller >= 0;
}

/* How long the loop may sleep until something is due by the clock. */
static int sleep_time(void) {
  uint64_t now = now_ms();
  uint64_t commands = commands_tick(now), killing = kill_all_tick(now);
  uint64_t next = commands < killing ? commands : killing, limits = limits_tick(now);
  if (limits < next) next = limits;
  if (jobs_can_run()) return 0;
  if (next == UINT64_MAX) return -1;
  now = now_ms();
  if (next <= now) return 0;
  return next - now > 60000 ? 60000 : (int)(next - now);
}

void loop_run(void) {
  struct epoll_event events[32];
  for (;;) {
    int timeout = sleep_time();
    commands_sweep();
    channel_flush();
    int count = epoll_wait(poller, events, 32, timeout);
    for (int i = 0; i < count; i++) {
      struct watch *watch = events[i].data.ptr;
      /* Closed by an event before this one; its memory stays until the sweep. */
      if (watch->fd >= 0 && watch->events != 0) watch->ready(watch, events[i].events);
    }
    jobs_run();
  }
}
