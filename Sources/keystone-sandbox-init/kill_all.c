/* KILL_ALL: everything in the sandbox but the helper, and the proof that it is gone. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "operations.h"
#include "process_tree.h"
#include "sandbox.h"

#define MOST_WAITING 16
static uint32_t waiting[MOST_WAITING];
static unsigned waiting_count;

static bool everything_gone(void) {
  if (settings.first_process) return kill(-1, 0) != 0 && errno == ESRCH;
  return no_children();
}

void kill_all(uint32_t id) {
  if (waiting_count == MOST_WAITING) {
    send_failure(id, ERROR_EXHAUSTED, 0, "too many requests to kill everything are waiting");
    return;
  }
  waiting[waiting_count++] = id;
  commands_killed();
}

uint64_t kill_all_tick(uint64_t now) {
  if (waiting_count == 0) return UINT64_MAX;
  if (!everything_gone()) {
    /* Process 1 reaches the whole namespace at once; a process that is about to fork cannot escape that. */
    if (settings.first_process) kill(-1, SIGKILL);
    else tree_kill((struct tree){.root = getpid()});
    return now + 2;
  }
  while (waiting_count > 0) send_empty(REPLY_DONE, waiting[--waiting_count]);
  return UINT64_MAX;
}
