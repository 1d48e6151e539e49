/*
 * A sandbox that root starts has two users: 0, the helper, which is the host's root without any power outside, and the one
 * commands run as, which is a user of the host that owns nothing else. bubblewrap says which process waits for its mapping
 * (--info-fd) and goes on once it is told to (--userns-block-fd).
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_map(long pid, const char *name, const char *outside, const char *inside) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
  int size = snprintf(text, sizeof text, "0 0 1\n%s %s 1\n", inside, outside);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int failed = write(fd, text, (size_t)size) != size;
  close(fd);
  return failed ? -1 : 0;
}

/* Reads {"child-pid": N, ...} up to its end, maps, and lets bubblewrap go on. */
static int map_users(char **users, int info, int go) {
  char text[1024];
  size_t used = 0;
  ssize_t size;
  while (used < sizeof text - 1 && (size = read(info, text + used, sizeof text - 1 - used)) > 0) {
    used += (size_t)size;
    if (memchr(text, '}', used) != NULL) break;
  }
  text[used] = 0;
  const char *found = strstr(text, "\"child-pid\":");
  if (found == NULL) return 1; /* bubblewrap has said on stderr what went wrong */
  long pid = strtol(found + strlen("\"child-pid\":"), NULL, 10);
  if (write_map(pid, "uid_map", users[0], users[2]) != 0 || write_map(pid, "gid_map", users[1], users[3]) != 0) {
    fprintf(stderr, "keystone-sandbox-init: cannot map the sandbox's users: %s\n", strerror(errno));
    return 1;
  }
  return write(go, "x", 1) == 1 ? 0 : 1;
}

/* A grandchild, so that bubblewrap inherits no child it does not know. */
static int start_mapper(char **users, int info[2], int go[2]) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    close(info[1]);
    close(go[0]);
    close(3);
    pid_t mapper = fork();
    if (mapper == 0) _exit(map_users(users, info[0], go[1]));
    _exit(mapper < 0);
  }
  int status;
  return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

int launch_mapped(char **arguments, int count) {
  int info[2], go[2];
  if (count < 5) return errno = EINVAL, -1;
  if (pipe(info) != 0 || pipe(go) != 0 || start_mapper(arguments, info, go) != 0) return -1;
  close(info[0]);
  close(go[1]);
  char info_text[16], go_text[16];
  snprintf(info_text, sizeof info_text, "%d", info[1]);
  snprintf(go_text, sizeof go_text, "%d", go[0]);
  char **command = calloc((size_t)count + 1, sizeof *command);
  if (command == NULL) return -1;
  char *first[] = {arguments[4], (char *)"--info-fd", info_text, (char *)"--userns-block-fd", go_text};
  memcpy(command, first, sizeof first);
  /* count - 4 of the caller's, 4 of ours and the end: count + 1. */
  memcpy(command + 5, arguments + 5, (size_t)(count - 5) * sizeof *command);
  return execve(command[0], command, environ);
}
