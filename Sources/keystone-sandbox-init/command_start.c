/* From the EXECUTE request to a supervisor that runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "attachment.h"
#include "command.h"
#include "path.h"
#include "spawn.h"

#define MOST_STRINGS 65536u

/* A list of C strings in one allocation, or NULL: malformed, an inner NUL, too many. */
static char **read_strings(struct reader *reader) {
  uint32_t count = read_u32(reader);
  if (reader->bad || count > MOST_STRINGS) return NULL;
  size_t room = (size_t)(reader->end - reader->at) + count;
  char **list = malloc((count + 1) * sizeof *list + room);
  if (list == NULL) return NULL;
  char *at = (char *)(list + count + 1);
  for (uint32_t i = 0; i < count; i++) {
    struct bytes string = read_string(reader);
    if (reader->bad || (string.size > 0 && memchr(string.data, 0, string.size) != NULL)) {
      free(list);
      return NULL;
    }
    list[i] = at;
    if (string.size > 0) memcpy(at, string.data, string.size);
    at[string.size] = 0;
    at += string.size + 1;
  }
  list[count] = NULL;
  return list;
}

/* Descriptors 0 to 5 are where the supervisor puts its own; keep out of their way. */
static bool make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  for (int i = 0; i < 2; i++) {
    if (ends[i] > 5) continue;
    int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 6);
    close(ends[i]);
    ends[i] = moved;
  }
  return true;
}

static int null_device(void) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 6);
  close(fd);
  return moved;
}

/* Opens one stream; `mine` is the helper's end (-1: none), the result the command's. */
static int open_stream(bool wanted, int my_end, int *mine) {
  int ends[2];
  *mine = -1;
  if (!wanted) return null_device();
  if (!make_pipe(ends)) return -1;
  *mine = ends[my_end];
  fcntl(*mine, F_SETFL, O_NONBLOCK);
  return ends[1 - my_end];
}

static bool open_streams(struct command *command, struct spawn *spawn, const uint8_t modes[3]) {
  spawn->descriptors[0] = open_stream(modes[0] == 1, 1, &command->input.watch.fd);
  for (int i = 0; i < 2; i++) {
    spawn->descriptors[i + 1] = open_stream(modes[i + 1] == 1, 0, &command->outputs[i].watch.fd);
  }
  int ends[2];
  if (!make_pipe(ends)) return false;
  command->reports.fd = ends[0];
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  spawn->report = ends[1];
  return spawn->descriptors[0] >= 0 && spawn->descriptors[1] >= 0 && spawn->descriptors[2] >= 0;
}

static bool launch(struct command *command, struct spawn *spawn, const uint8_t modes[3]) {
  bool opened = open_streams(command, spawn, modes);
  int number = errno;
  if (opened) {
    command->supervisor = spawn_supervised(spawn);
    number = errno;
  }
  for (int i = 0; i < 3; i++) close(spawn->descriptors[i]);
  close(spawn->report);
  if (opened && command->supervisor > 0) return true;
  send_failure(command->id, ERROR_NOT_STARTED, number, "the command could not be started: %s", strerror(number));
  return false;
}

static void watch_streams(struct command *command) {
  watch_for(&command->reports, EPOLLIN);
  for (int i = 0; i < 2; i++) {
    command->outputs[i].finished = command->outputs[i].watch.fd < 0;
    output_resume(&command->outputs[i]);
  }
}

bool command_start(struct command *command, struct reader *reader) {
  uint32_t deadline = read_u32(reader);
  command->grace = read_u32(reader);
  command->deadline = deadline ? now_ms() + deadline : 0;
  uint8_t modes[3];
  for (int i = 0; i < 3; i++) modes[i] = read_u8(reader);
  for (int i = 0; i < 2; i++) command->outputs[i].credit = read_u64(reader);
  char folder[PATH_LIMIT];
  struct bytes where = read_string(reader);
  if (!path_for_command(where, folder)) {
    send_errno(command->id, ENAMETOOLONG, "cannot use the working directory", where);
    return false;
  }
  struct spawn spawn = {.folder = folder, .report = -1, .descriptors = {-1, -1, -1}};
  spawn.arguments = read_strings(reader);
  spawn.environment = spawn.arguments ? read_strings(reader) : NULL;
  bool sound = spawn.environment != NULL && spawn.arguments[0] != NULL;
  spawn.tag = read_u64(reader);
  spawn.watch = read_u32(reader);
  if (sound && spawn.watch != 0 && !attachment.notifies) {
    send_failure(command->id, ERROR_UNSUPPORTED, 0, "the command cannot be watched: %s",
                 attachment.reason ? attachment.reason : "no host is attached to this sandbox");
    free(spawn.arguments);
    free(spawn.environment);
    return false;
  }
  bool launched = sound && launch(command, &spawn, modes);
  if (!sound) {
    send_failure(command->id, ERROR_INVALID, 0, "a command needs a program, and no argument may contain a zero byte");
  }
  free(spawn.arguments);
  free(spawn.environment);
  if (launched) watch_streams(command);
  return launched;
}
