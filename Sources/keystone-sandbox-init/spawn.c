/* The supervisor of one command, and the command's own first steps. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attachment.h"
#include "filter.h"
#include "keystone_attachment.h"
#include "sandbox.h"

/* Where the supervisor keeps its descriptors; 0 to 2 are the command's. */
#define REPORT_DESCRIPTOR 3
#define WORKSPACE_DESCRIPTOR 4
#define ATTACHMENT_DESCRIPTOR 5
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

static void report(enum report kind, int value, int step) {
  struct report_record record = {kind, value, step};
  /* A pipe takes so small a record whole; when nobody reads any more, nobody wants to know. */
  if (write(REPORT_DESCRIPTOR, &record, sizeof record) < 0) return;
}

/* Before the program is started, not by starting it: whether a process may be traced depends on whether it could read its
   program, and with the helper's capability it could. */
static int drop_capabilities(uint32_t kept) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, data) != 0) return -1;
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    uint32_t left = i == 0 ? data[i].permitted & kept : 0;
    data[i] = (struct __user_cap_data_struct){.effective = left, .permitted = left, .inheritable = 0};
  }
  return (int)syscall(SYS_capset, &header, data);
}

/* What installing a package, or a server that begins as root and goes on as its own user, needs. */
#define CONTAINER_CAPABILITIES                                                                                    \
  (CAP_TO_MASK(CAP_CHOWN) | CAP_TO_MASK(CAP_DAC_OVERRIDE) | CAP_TO_MASK(CAP_FOWNER) | CAP_TO_MASK(CAP_FSETID) |   \
   CAP_TO_MASK(CAP_KILL) | CAP_TO_MASK(CAP_SETGID) | CAP_TO_MASK(CAP_SETUID))

static int take_on_user(void) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  if (!settings.drops) return drop_capabilities(settings.container ? CONTAINER_CAPABILITIES : 0);
  if (setgroups(0, NULL) != 0) return -1;
  if (setresgid(settings.group, settings.group, settings.group) != 0) return -1;
  return setresuid(settings.user, settings.user, settings.user);
}

/* From here on the host is asked, and answers before a watched call goes on. */
static int submit(const struct spawn *spawn) {
  if (spawn->watch == 0) return 0;
  int listener = filter_install(spawn->watch);
  if (listener < 0) return -1;
  int failed = attachment_send(ATTACHMENT_DESCRIPTOR, KS_ATTACHMENT_NOTIFICATIONS, spawn->tag, 0, NULL, &listener, 1);
  close(listener);
  return failed;
}

static int enter(const char *folder) {
  if (fchdir(WORKSPACE_DESCRIPTOR) != 0) return -1;
  return folder[0] == 0 ? 0 : chdir(folder);
}

static const char *search_path(char **environment) {
  for (char **entry = environment; *entry != NULL; entry++) {
    if (strncmp(*entry, "PATH=", 5) == 0) return *entry + 5;
  }
  return DEFAULT_PATH;
}

/* Returns only when the program could not be started, with errno saying why. */
static void run(const struct spawn *spawn) {
  const char *name = spawn->arguments[0];
  if (strchr(name, '/') != NULL || name[0] == 0) {
    execve(name, spawn->arguments, spawn->environment);
    return;
  }
  bool denied = false;
  char candidate[4096];
  for (const char *part = search_path(spawn->environment); part != NULL;) {
    const char *end = strchrnul(part, ':');
    int length = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)(end - part), part, name);
    bool usable = end > part && length < (int)sizeof candidate;
    /* Looked at first, so that a search is not taken for an attempt to start something. */
    if (usable && access(candidate, X_OK) == 0) execve(candidate, spawn->arguments, spawn->environment);
    if (errno == EACCES) denied = true;
    else if (errno != ENOENT && errno != ENOTDIR) return;
    part = *end ? end + 1 : NULL;
  }
  errno = denied ? EACCES : ENOENT;
}

/* The command, until it is the program. It shares the supervisor's memory and so only makes system calls. */
static void __attribute__((noinline, noreturn)) become(const struct spawn *spawn) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  setsid();
  umask(022);
  setrlimit(RLIMIT_NOFILE, &settings.files);
  struct rlimit most = {settings.processes, settings.processes};
  if (settings.processes > 0) setrlimit(RLIMIT_NPROC, &most);
  fcntl(REPORT_DESCRIPTOR, F_SETFD, FD_CLOEXEC);
  fcntl(WORKSPACE_DESCRIPTOR, F_SETFD, FD_CLOEXEC);
  if (spawn->watch != 0) fcntl(ATTACHMENT_DESCRIPTOR, F_SETFD, FD_CLOEXEC);
  /* Said before the program runs: from then on it may kill the supervisor before that can say anything. */
  report(REPORT_STARTED, getpid(), 0);
  enum step step = STEP_USER;
  if (take_on_user() == 0) {
    step = STEP_WATCH;
    if (submit(spawn) == 0) {
      step = STEP_FOLDER;
      if (enter(spawn->folder) == 0) {
        step = STEP_PROGRAM;
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        run(spawn);
      }
    }
  }
  report(REPORT_FAILED, errno, (int)step);
  _exit(127);
}

static void __attribute__((noreturn)) supervise(const struct spawn *spawn) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "keystone-run");
  for (int i = 0; i < 3; i++) dup2(spawn->descriptors[i], i);
  dup2(spawn->report, REPORT_DESCRIPTOR);
  dup2(settings.workspace_fd, WORKSPACE_DESCRIPTOR);
  if (spawn->watch != 0) dup2(attachment.fd, ATTACHMENT_DESCRIPTOR);
  close_range(spawn->watch != 0 ? ATTACHMENT_DESCRIPTOR + 1 : WORKSPACE_DESCRIPTOR + 1, ~0u, 0);
  pid_t command = vfork();
  if (command == 0) become(spawn);
  if (command < 0) {
    report(REPORT_FAILED, errno, STEP_FORK);
    _exit(127);
  }
  close_range(0, 2, 0);
  close_range(WORKSPACE_DESCRIPTOR, ~0u, 0);
  int status;
  for (pid_t ended; (ended = waitpid(-1, &status, 0)) > 0 || errno == EINTR;) {
    if (ended == command) report(REPORT_ENDED, status, 0);
  }
  _exit(0);
}

pid_t spawn_supervised(const struct spawn *spawn) {
  pid_t supervisor = fork();
  if (supervisor == 0) supervise(spawn);
  return supervisor;
}
