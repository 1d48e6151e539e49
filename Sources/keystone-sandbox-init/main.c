/*
 * keystone-sandbox-init - the first process of a sandbox. It runs commands, serves files and tells what the workspace
 * contains, on behalf of the runtime at the other end of descriptor 3 (see protocol.h). It ends with that socket, and
 * everything it started ends with it.
 *
 *     keystone-sandbox-init --workspace PATH [--first-process] [--user N --group N] [--network] [--attachment PATH]
 *                           [--memory BYTES] [--disk BYTES] [--home PATH] [--processes N]
 *     keystone-sandbox-init --workspace PATH --first-process --container --control PATH [--attachment PATH]
 *     keystone-sandbox-init --remove PATH
 *     keystone-sandbox-init [--join GROUP-FILE]... --map UID GID INSIDE-UID INSIDE-GID BWRAP ARGUMENT...
 *     keystone-sandbox-init [--join GROUP-FILE]... --exec BWRAP ARGUMENT...
 *
 * One thread, one loop, nothing that blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attachment.h"
#include "control.h"
#include "filter.h"
#include "job.h"
#include "launch.h"
#include "loop.h"
#include "network.h"
#include "operations.h"
#include "process_tree.h"
#include "removal.h"
#include "sandbox.h"

struct settings settings;

void handle_request(uint8_t type, uint32_t id, struct reader *reader) {
  switch (type) {
    case REQUEST_EXECUTE: execute(id, reader); return;
    case REQUEST_KILL_ALL: kill_all(id); return;
    case REQUEST_READ: file_read(id, reader); return;
    case REQUEST_WRITE: file_write(id, reader); return;
    case REQUEST_LIST: file_list(id, reader); return;
    case REQUEST_TREE: file_tree(id, reader); return;
    case REQUEST_STATUS: file_status(id, reader); return;
    case REQUEST_REMOVE: file_remove(id, reader); return;
    case REQUEST_MAKE_FOLDER: file_make_folder(id, reader); return;
    case REQUEST_SHUT_DOWN: shut_down();
    case REQUEST_KILL: case REQUEST_SIGNAL: case REQUEST_INPUT: case REQUEST_INPUT_END: case REQUEST_CREDIT:
    case REQUEST_CONTENT: case REQUEST_CONTENT_END: case REQUEST_CANCEL:
      /* About a request that runs. One that has just ended is no mistake: its last frame is on the way. */
      if (!command_request(type, id, reader) && !write_request(type, id, reader)) job_request(type, id, reader);
      return;
    default: send_failure(id, ERROR_UNSUPPORTED, 0, "the sandbox's first process does not know request %u", type);
  }
}

void producers_resume(void) { commands_resume(); }

void shut_down(void) {
  if (settings.first_process) _exit(0); /* the kernel kills the whole namespace and waits for it */
  for (int round = 0; round < 2000; round++) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    if (no_children()) _exit(0);
    tree_kill((struct tree){.root = getpid()});
    usleep(1000);
  }
  _exit(1);
}

static void signal_ready(struct watch *watch, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  bool stop = false;
  while (read(watch->fd, &info, sizeof info) == sizeof info) {
    /* A command of the same user could end the sandbox, and with it its own trial; from outside no process id is seen. */
    bool own = settings.first_process && info.ssi_pid != 0;
    if (info.ssi_signo != SIGCHLD && !own) stop = true;
  }
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) command_reaped(pid, status);
  if (stop) shut_down();
}

static struct watch signals = {.ready = signal_ready};

static void watch_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  const int watched[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) sigaddset(&set, watched[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  watch_for(&signals, EPOLLIN);
}

static int fail(const char *what) {
  fprintf(stderr, "keystone-sandbox-init: %s: %s\n", what, strerror(errno));
  return 1;
}

static int open_places(void) {
  char *real = realpath(settings.workspace, NULL);
  if (real == NULL) return fail(settings.workspace);
  settings.workspace = real;
  settings.workspace_fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
  settings.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (settings.workspace_fd < 0 || settings.root_fd < 0) return fail(real);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return fail("/dev/null");
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  close(null);
  return 0;
}

/* What this process must not share with, or leave open to, the commands it runs. */
static void protect(void) {
  prctl(PR_SET_NAME, "keystone-init");
  prctl(PR_SET_DUMPABLE, 0); /* a command of the same user may neither trace it nor read its memory */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  close_range(CONTROL_DESCRIPTOR + 1, ~0u, 0); /* what bubblewrap forgot to close */
  umask(0);
  getrlimit(RLIMIT_NOFILE, &settings.files);
  struct rlimit most = {settings.files.rlim_max, settings.files.rlim_max};
  setrlimit(RLIMIT_NOFILE, &most);
}

/* What is left for starting commands as another user and for reading and removing what they lock. */
static int keep_few_capabilities(void) {
  const int kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID,
                      CAP_SETUID};
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, data) != 0) return -1;
  uint32_t mask = 0;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) mask |= CAP_TO_MASK(kept[i]);
  for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    uint32_t left = i == 0 ? data[i].permitted & mask : 0;
    data[i] = (struct __user_cap_data_struct){.effective = left, .permitted = left, .inheritable = 0};
  }
  return (int)syscall(SYS_capset, &header, data);
}

/* Puts this process, and so everything it will start, into a control group. */
static bool join_group(const char *file) {
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  bool joined = fd >= 0 && write(fd, "0", 1) == 1;
  int number = errno;
  if (fd >= 0) close(fd);
  errno = number;
  return joined;
}

static void say_ready(void) {
  frame_begin(REPLY_READY, 0);
  put_u32(PROTOCOL_VERSION);
  put_u32((uint32_t)getpid());
  put_u8((uint8_t)((attachment.redirects ? READY_REDIRECTS : 0) | (attachment.notifies ? READY_NOTIFIES : 0)));
  const char *reason = attachment.reason ? attachment.reason : "";
  put_string(reason, strlen(reason));
  frame_end();
}

int main(int argc, char **argv) {
  const char *host = NULL, *control = NULL;
  bool network = false;
  settings.user = getuid();
  settings.group = getgid();
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--first-process") == 0) settings.first_process = true;
    else if (strcmp(argv[i], "--workspace") == 0) settings.workspace = value, i++;
    else if (strcmp(argv[i], "--attachment") == 0) host = value, i++;
    else if (strcmp(argv[i], "--network") == 0) network = true;
    else if (strcmp(argv[i], "--container") == 0) settings.container = true;
    else if (strcmp(argv[i], "--control") == 0) control = value, i++;
    else if (strcmp(argv[i], "--user") == 0) settings.user = (uid_t)strtoul(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--group") == 0) settings.group = (gid_t)strtoul(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--memory") == 0) settings.memory = strtoull(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--disk") == 0) settings.disk = strtoull(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--processes") == 0) settings.processes = strtoull(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--home") == 0) settings.home = value, i++;
    else if (strcmp(argv[i], "--join") == 0) {
      if (!join_group(value)) return fail(value);
      i++;
    } else if (strcmp(argv[i], "--map") == 0) return launch_mapped(argv + i + 1, argc - i - 1), fail("bubblewrap");
    else if (strcmp(argv[i], "--exec") == 0) return execve(value, argv + i + 1, environ), fail(value);
    else if (strcmp(argv[i], "--remove") == 0) return remove_tree(value) == 0 ? 0 : fail(value);
    else return fprintf(stderr, "keystone-sandbox-init: unknown argument %s\n", argv[i]), 2;
  }
  if (settings.workspace == NULL) return fprintf(stderr, "keystone-sandbox-init: give --workspace\n"), 2;
  settings.drops = settings.user != getuid() || settings.group != getgid();
  if (control != NULL && control_connect(control) != 0) return fail(control);
  protect();
  if (network && !network_isolate()) return fail("the sandbox's network");
  filter_prepare();
  if (host != NULL && !attach(host, network || settings.container)) return fail("the host's attachment");
  if (keep_few_capabilities() != 0) return fail("the capabilities");
  if (!loop_open()) return fail("the event loop");
  fcntl(CONTROL_DESCRIPTOR, F_SETFD, FD_CLOEXEC);
  int failed = open_places();
  if (failed) return failed;
  watch_signals();
  channel_open(CONTROL_DESCRIPTOR);
  attachment_watch();
  say_ready();
  loop_run();
}
