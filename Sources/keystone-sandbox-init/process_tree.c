/* Finding and killing processes by descent. One scan of /proc tells parent, session and state of all processes. */
#include "process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
  pid_t pid, parent, session;
  unsigned long long born; /* with the pid, names a process for ever; a pid alone is given out again */
  char state;
  bool member;
};

static struct process *list;
static size_t count, capacity;

static bool parse(pid_t pid, struct process *process) {
  char path[32], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return false;
  text[size] = 0;
  /* The name is in parentheses and may contain anything, parentheses included. */
  char *after = strrchr(text, ')');
  int parent, session;
  unsigned long long born;
  char state;
  const char *format = " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu";
  if (after == NULL || sscanf(after + 1, format, &state, &parent, &session, &born) != 4) return false;
  *process = (struct process){pid, parent, session, born, state, false};
  return true;
}

static void scan(void) {
  count = 0;
  DIR *directory = opendir("/proc");
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid <= 0) continue;
    if (count == capacity) {
      size_t larger = capacity ? capacity * 2 : 128;
      struct process *moved = realloc(list, larger * sizeof *list);
      if (moved == NULL) break;
      list = moved;
      capacity = larger;
    }
    if (parse(pid, &list[count])) count++;
  }
  closedir(directory);
}

/* /proc lists process ids in ascending order. */
static const struct process *find(pid_t pid) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (list[middle].pid == pid) return &list[middle];
    if (list[middle].pid < pid) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

/* A child is never older than its parent; one that seems to be has a parent whose id was given out again. */
static bool descends(const struct process *process) {
  const struct process *parent = find(process->parent);
  return parent != NULL && parent->member && parent->born <= process->born;
}

/* Marks until nothing new is found; each pass goes at least one generation further. */
static void mark(struct tree tree) {
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < count; i++) {
      struct process *process = &list[i];
      if (process->member || process->pid == tree.root || process->pid == getpid()) continue;
      bool led = tree.leader > 0 && (process->pid == tree.leader || process->session == tree.leader);
      if (led || process->parent == tree.root || descends(process)) process->member = more = true;
    }
  }
}

/* Whether the process is still the one of the scan, and still below what made it a member. */
static bool unchanged(const struct process *process, struct tree tree) {
  struct process now, parent;
  if (!parse(process->pid, &now) || now.born != process->born) return false;
  if (now.parent == tree.root || (tree.leader > 0 && now.session == tree.leader)) return true;
  const struct process *before = find(process->parent);
  return now.parent == process->parent && before != NULL && parse(now.parent, &parent) && parent.born == before->born;
}

/*
 * Without a namespace the ids are the whole machine's, and the scan is out of date as soon as it is made. The descriptor
 * holds on to whoever has the id now; that this is the process meant is checked after, so no stranger is ever signalled.
 * One that changed its parent meanwhile is left to the next scan.
 */
static void signal_process(const struct process *process, struct tree tree, int number) {
  int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
  if (fd < 0) return;
  if (unchanged(process, tree)) syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
  close(fd);
}

/* From the youngest ids to the oldest, so that a parent's death does not move its children first. */
static size_t signal_members(struct tree tree, int number) {
  size_t reached = 0;
  for (size_t i = count; i-- > 0;) {
    if (!list[i].member || list[i].state == 'Z' || list[i].state == 'X') continue;
    reached++;
    signal_process(&list[i], tree, number);
  }
  return reached;
}

bool no_children(void) {
  siginfo_t info;
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void tree_signal(struct tree tree, int number) {
  scan();
  mark(tree);
  signal_members(tree, number);
}

void tree_kill(struct tree tree) {
  size_t before = 0, now = 0;
  for (int round = 0; round < 8; round++, before = now) {
    scan();
    mark(tree);
    now = signal_members(tree, SIGSTOP);
    if (now <= before) break;
  }
  signal_members(tree, SIGKILL);
}
