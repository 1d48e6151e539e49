/* Commands: their list, their life, and how they are killed. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operations.h"
#include "process_tree.h"
#include "spawn.h"

/* While a tree is being killed, how often to look again. */
#define KILL_INTERVAL 10

static struct command *commands;

static struct tree tree_of(const struct command *command) {
  return (struct tree){.root = command->unsupervised ? NO_PROCESS : command->supervisor,
                       .leader = command->unsupervised && !command->ended ? command->leader : 0};
}

static struct command *find(uint32_t id) {
  for (struct command *command = commands; command != NULL; command = command->next) {
    if (command->id == id && !command->closed) return command;
  }
  return NULL;
}

static void release(struct command *command) {
  watch_close(&command->reports);
  for (int i = 0; i < 2; i++) watch_close(&command->outputs[i].watch);
  input_release(&command->input);
}

/* Sends CLOSED once all output is out and, after a kill, once nothing of the command is alive. */
void command_progress(struct command *command) {
  if (command->closed || !command->ended) return;
  if (!command->outputs[0].finished || !command->outputs[1].finished) return;
  if (command->killing && !command->unsupervised) return;
  command->closed = true;
  send_empty(REPLY_CLOSED, command->id);
}

static void begin_kill(struct command *command, enum ending ending, uint32_t grace) {
  uint64_t at = now_ms() + grace;
  if (command->killing) {
    if (at < command->kill_at) command->kill_at = at;
    return;
  }
  command->killing = true;
  command->ending = ending;
  command->kill_at = at;
  if (grace > 0) tree_signal(tree_of(command), SIGTERM);
}

static void leader_ended(struct command *command, int status) {
  if (command->ended || command->closed) return;
  command->ended = true;
  input_release(&command->input);
  bool signalled = WIFSIGNALED(status);
  frame_begin(REPLY_EXIT, command->id);
  put_u8(signalled);
  put_u32((uint32_t)(signalled ? WTERMSIG(status) : WEXITSTATUS(status)));
  put_u8((uint8_t)command->ending);
  frame_end();
  /* The grace was for the command itself; what it leaves behind gets none. */
  if (command->killing) command->kill_at = now_ms();
  for (int i = 0; i < 2; i++) output_limit(&command->outputs[i]);
  command_progress(command);
}

static void start_failed(struct command *command, int number, int step) {
  if (command->closed) return;
  command->closed = true;
  enum error error = step == STEP_PROGRAM && number == ENOENT ? ERROR_NOT_FOUND : ERROR_NOT_STARTED;
  if (step != STEP_FORK && number == EACCES) error = ERROR_DENIED;
  const char *what = step == STEP_PROGRAM  ? "the program could not be started"
                     : step == STEP_FOLDER ? "the working directory cannot be entered"
                     : step == STEP_USER   ? "the sandbox's user could not be taken on"
                     : step == STEP_WATCH  ? "the command cannot be watched"
                                           : "no process could be made";
  send_failure(command->id, error, number, "%s: %s", what, strerror(number));
}

static void reports_ready(struct watch *watch, uint32_t events) {
  (void)events;
  struct command *command = OWNER_OF(watch, struct command, reports);
  struct report_record record;
  ssize_t size;
  while ((size = read(watch->fd, &record, sizeof record)) == sizeof record) {
    if (record.kind == REPORT_FAILED) start_failed(command, record.value, record.step);
    if (record.kind == REPORT_STARTED && !command->closed) {
      command->leader = record.value;
      frame_begin(REPLY_STARTED, command->id);
      put_u32((uint32_t)record.value);
      frame_end();
    }
    if (record.kind == REPORT_ENDED) leader_ended(command, record.value);
  }
  if (size == 0) watch_close(watch);
}

void execute(uint32_t id, struct reader *reader) {
  if (find(id) != NULL) {
    send_failure(id, ERROR_INVALID, 0, "request id %u is in use", id);
    return;
  }
  struct command *command = calloc(1, sizeof *command);
  if (command == NULL) {
    send_failure(id, ERROR_EXHAUSTED, ENOMEM, "the sandbox's first process is out of memory");
    return;
  }
  command->id = id;
  command->reports = (struct watch){.fd = -1, .ready = reports_ready};
  command->input.watch = (struct watch){.fd = -1, .ready = input_ready};
  command->input.command = command;
  for (int i = 0; i < 2; i++) {
    command->outputs[i].watch = (struct watch){.fd = -1, .ready = output_ready};
    command->outputs[i].command = command;
    command->outputs[i].type = i == 0 ? REPLY_STDOUT : REPLY_STDERR;
  }
  if (!command_start(command, reader)) {
    release(command);
    free(command);
    return;
  }
  command->next = commands;
  commands = command;
}

static void add_credit(struct command *command, struct reader *reader) {
  uint8_t stream = read_u8(reader);
  uint64_t bytes = read_u64(reader);
  if (stream != 1 && stream != 2) return;
  struct output *output = &command->outputs[stream - 1];
  output->credit = output->credit + bytes < bytes ? UINT64_MAX : output->credit + bytes;
  output_resume(output);
}

bool command_request(uint8_t type, uint32_t id, struct reader *reader) {
  struct command *command = find(id);
  if (command == NULL) return false;
  switch (type) {
    case REQUEST_KILL: begin_kill(command, ENDING_KILLED, read_u32(reader)); break;
    case REQUEST_SIGNAL:
      if (command->leader > 0 && !command->ended) kill(-command->leader, (int)read_u32(reader));
      break;
    case REQUEST_INPUT:
      input_take(&command->input, (struct bytes){reader->at, (uint32_t)(reader->end - reader->at)});
      break;
    case REQUEST_INPUT_END: input_end(&command->input); break;
    case REQUEST_CREDIT: add_credit(command, reader); break;
    case REQUEST_CANCEL:
      begin_kill(command, ENDING_KILLED, 0);
      for (int i = 0; i < 2; i++) output_abandon(&command->outputs[i]);
      command_progress(command);
      break;
    default: break;
  }
  return true;
}

void commands_resume(void) {
  for (struct command *command = commands; command != NULL; command = command->next) {
    for (int i = 0; i < 2; i++) output_resume(&command->outputs[i]);
  }
}

/* Its supervisor was killed between learning of the command's end and reporting it, so nobody will. */
static bool lost(const struct command *command) {
  siginfo_t info;
  return command->leader > 0 && !command->ended &&
         waitid(P_PID, (id_t)command->leader, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void command_reaped(pid_t pid, int status) {
  for (struct command *command = commands; command != NULL; command = command->next) {
    if (command->supervisor == pid && !command->unsupervised) {
      if (command->reports.fd >= 0) reports_ready(&command->reports, 0);
      command->unsupervised = true;
      if (command->leader == 0 && !command->closed) start_failed(command, ECANCELED, STEP_FORK);
      if (lost(command)) leader_ended(command, SIGKILL);
      command_progress(command);
      return;
    }
    /* Its supervisor was killed, so the command itself came to us; which of the two is reaped first is open. */
    if (command->leader == pid && !command->ended && !command->closed) {
      if (command->reports.fd >= 0) reports_ready(&command->reports, 0);
      leader_ended(command, status);
      return;
    }
  }
}

uint64_t commands_tick(uint64_t now) {
  uint64_t next = UINT64_MAX;
  for (struct command *command = commands; command != NULL; command = command->next) {
    bool runs = !command->ended && !command->closed;
    if (runs && !command->killing && command->deadline != 0 && now >= command->deadline) {
      begin_kill(command, ENDING_DEADLINE, command->grace);
    }
    bool alive = !command->unsupervised || runs;
    if (command->killing && alive && now >= command->kill_at) {
      tree_kill(tree_of(command));
      command->kill_at = now + KILL_INTERVAL;
    }
    uint64_t due = command->killing ? (alive ? command->kill_at : UINT64_MAX)
                   : runs && command->deadline ? command->deadline : UINT64_MAX;
    if (due < next) next = due;
  }
  return next;
}

void commands_killed(void) {
  for (struct command *command = commands; command != NULL; command = command->next) {
    begin_kill(command, ENDING_KILLED, 0);
  }
}

bool commands_exist(void) { return commands != NULL; }

void commands_over(enum ending ending) {
  for (struct command *command = commands; command != NULL; command = command->next) begin_kill(command, ending, 0);
  /* Whoever holds the memory may be a process whose command ended long ago. */
  if (settings.first_process) kill(-1, SIGKILL);
}

void commands_sweep(void) {
  for (struct command **link = &commands; *link != NULL;) {
    struct command *command = *link;
    if (!command->closed || !command->unsupervised) {
      link = &command->next;
      continue;
    }
    *link = command->next;
    release(command);
    free(command);
  }
}
