#define _GNU_SOURCE 1
#include "keystone_child.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const char *directory,
                   int socket, int output) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  int status = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (status == 0) status = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (status == 0) status = posix_spawn_file_actions_adddup2(actions, output, 2);
  if (status == 0) status = posix_spawn_file_actions_adddup2(actions, socket, 3);
  if (status == 0) status = posix_spawn_file_actions_addclosefrom_np(actions, 4);
  if (status == 0) status = posix_spawn_file_actions_addchdir_np(actions, directory);
  return status;
}

int ks_child_spawn(char *const *arguments, char *const *environment, const char *directory, int socket, int output,
                   pid_t *pid, int *ending) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int status = prepare(&actions, &attributes, directory, socket, output);
  if (status == 0) status = posix_spawn(pid, arguments[0], &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (status != 0) return status;

  *ending = (int)syscall(SYS_pidfd_open, *pid, 0);
  if (*ending >= 0) return 0;
  status = errno;
  kill(-*pid, SIGKILL);
  while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) continue;
  return status;
}

/* Moves a pair out of the way of the descriptors that a child is given. */
static int move_up(int pair[2]) {
  int moved[2] = {fcntl(pair[0], F_DUPFD_CLOEXEC, 10), fcntl(pair[1], F_DUPFD_CLOEXEC, 10)};
  int status = moved[0] < 0 || moved[1] < 0 ? errno : 0;
  for (int i = 0; i < 2; i++) {
    close(pair[i]);
    pair[i] = moved[i];
    if (status != 0 && moved[i] >= 0) close(moved[i]);
  }
  return status;
}

int ks_child_socket_pair(int pair[2]) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ? move_up(pair) : errno;
}

int ks_child_pipe(int pair[2]) { return pipe2(pair, O_CLOEXEC) == 0 ? move_up(pair) : errno; }

const char *ks_symbol_file(const char *symbol) {
  Dl_info info;
  void *address = dlsym(RTLD_DEFAULT, symbol);
  return address != NULL && dladdr(address, &info) != 0 ? info.dli_fname : NULL;
}
