/*
 * The processes that scenarios on the local runtime cannot avoid, without anything around them.
 *
 *   scenarios MODE COUNT CONCURRENCY FOLDER AGENT CHECK [BWRAP ARGUMENT...]
 *
 * Each scenario: a folder, one file in it, a first process, which runs the shell line AGENT and looks at what came of it:
 * a file is there, its content matches, and the shell line CHECK exits with 0; then the folder goes. MODE is `plain`,
 * `namespaces` (the first process in namespaces of its own with a root built from a list) or `bwrap` (the same made by
 * bubblewrap with the arguments that follow, in which FOLDER stands for the scenario's folder). Exits with 0 when every
 * scenario passed.
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *no_environment[] = {(char *)"PATH=/usr/bin:/bin", NULL};
static const char *agent, *check;

static int run(char *const *arguments) {
  pid_t child;
  int status;
  if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, no_environment) != 0) return -1;
  if (waitpid(child, &status, 0) != child) return -1;
  return status;
}

static int shell(const char *line) {
  char *arguments[] = {(char *)"/bin/sh", (char *)"-c", (char *)line, NULL};
  return run(arguments);
}

static int content_matches(const char *file) {
  char text[256] = {0};
  regex_t pattern;
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || close(fd) != 0) return -1;
  if (regcomp(&pattern, "^answer: [0-9]+$", REG_EXTENDED | REG_NEWLINE | REG_NOSUB) != 0) return -1;
  int result = regexec(&pattern, text, 0, NULL, 0);
  regfree(&pattern);
  return result;
}

/* What the first process of a sandbox does. */
static int first_process(const char *workspace) {
  struct stat status;
  if (chdir(workspace) != 0 || shell(agent) != 0) return 1;
  return stat("answer.txt", &status) != 0 || content_matches("answer.txt") != 0 || shell(check) != 0;
}

/* ---- A root from a list, as the local runtime gives it to its sandboxes ---- */

static int bind_at(const char *from, const char *to, unsigned long flags) {
  if (mkdir(to, 0755) != 0 && errno != EEXIST) return -1;
  if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
  return flags == 0 ? 0 : mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL);
}

static int tmpfs_at(const char *to) {
  if (mkdir(to, 0755) != 0 && errno != EEXIST) return -1;
  return mount("tmpfs", to, "tmpfs", MS_NOSUID | MS_NODEV, NULL);
}

static int device(const char *name) {
  char from[64], to[64];
  snprintf(from, sizeof from, "/dev/%s", name);
  snprintf(to, sizeof to, "dev/%s", name);
  int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 || close(fd) != 0) return -1;
  return mount(from, to, NULL, MS_BIND, NULL);
}

static int links_and_system(void) {
  static const char *const links[][2] = {
      {"usr/bin", "bin"}, {"usr/sbin", "sbin"}, {"usr/lib", "lib"}, {"usr/lib64", "lib64"}};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    if (symlink(links[i][0], links[i][1]) != 0) return -1;
  }
  return bind_at("/usr", "usr", MS_RDONLY | MS_NOSUID | MS_NODEV);
}

static int root_from_list(const char *workspace, const char *root) {
  static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
  if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) != 0 || tmpfs_at(root) != 0 || chdir(root) != 0) return -1;
  if (links_and_system() != 0 || bind_at("/etc", "etc", MS_RDONLY | MS_NOSUID | MS_NODEV) != 0) return -1;
  if (mkdir("proc", 0755) != 0 || mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) return -1;
  if (tmpfs_at("dev") != 0 || tmpfs_at("tmp") != 0 || tmpfs_at("run") != 0) return -1;
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    if (device(devices[i]) != 0) return -1;
  }
  if (bind_at(workspace, "workspace", 0) != 0) return -1;
  if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) return -1;
  return chdir("/workspace");
}

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return -1;
  ssize_t size = (ssize_t)strlen(text), count = write(fd, text, (size_t)size);
  return close(fd) == 0 && count == size ? 0 : -1;
}

static int map(pid_t child, const char *name, unsigned id) {
  char path[64], text[32];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
  snprintf(text, sizeof text, "0 %u 1\n", id);
  return write_text(path, text);
}

static int in_namespaces(const char *workspace, const char *root) {
  int go[2];
  if (pipe(go) != 0) return -1;
  long flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;
  pid_t child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) {
    char word;
    close(go[1]);
    if (read(go[0], &word, 1) != 1 || root_from_list(workspace, root) != 0) {
      perror("scenarios: a namespace could not be built");
      _exit(1);
    }
    _exit(first_process("/workspace"));
  }
  int status = -1;
  if (child < 0) perror("scenarios: clone");
  if (child > 0 && write_text("/dev/null", "") == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", (int)child);
    write_text(path, "deny");
    if (map(child, "uid_map", geteuid()) == 0 && map(child, "gid_map", getegid()) == 0 && write(go[1], "x", 1) != 1) {
      perror("scenarios: write");
    }
  }
  close(go[0]);
  close(go[1]);
  if (child > 0) waitpid(child, &status, 0);
  return status;
}

/* ---- Scenarios ---- */

static int with_program(char **template, const char *folder) {
  char *arguments[256], *made[256];
  int count = 0, owned = 0;
  for (; template[count] != NULL && count < 255; count++) {
    char *at = strstr(template[count], "FOLDER");
    arguments[count] = template[count];
    if (at == NULL) continue;
    if (asprintf(&made[owned], "%.*s%s%s", (int)(at - template[count]), template[count], folder, at + 6) < 0) abort();
    arguments[count] = made[owned++];
  }
  arguments[count] = NULL;
  int status = run(arguments);
  while (owned > 0) free(made[--owned]);
  return status;
}

static int scenario(const char *mode, const char *parent, int number, char **template) {
  static const char *const left[] = {"workspace/input.txt", "workspace/answer.txt"};
  char folder[512], workspace[600], root[600], file[700];
  snprintf(folder, sizeof folder, "%s/s%d", parent, number);
  snprintf(workspace, sizeof workspace, "%s/workspace", folder);
  snprintf(root, sizeof root, "%s/root", folder);
  snprintf(file, sizeof file, "%s/input.txt", workspace);
  if (mkdir(folder, 0755) != 0 || mkdir(workspace, 0755) != 0 || mkdir(root, 0755) != 0) return -1;
  if (write_text(file, "42\n") != 0) return -1;
  char *plain[] = {template[0], (char *)"first", (char *)agent, (char *)check, workspace, NULL};
  int failed = strcmp(mode, "plain") == 0        ? run(plain)
               : strcmp(mode, "namespaces") == 0 ? in_namespaces(workspace, root)
                                                 : with_program(template + 1, folder);
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    snprintf(file, sizeof file, "%s/%s", folder, left[i]);
    unlink(file);
  }
  if (rmdir(workspace) != 0 || rmdir(root) != 0 || rmdir(folder) != 0) return -1;
  return failed;
}

int main(int count, char **arguments) {
  if (count == 5 && strcmp(arguments[1], "first") == 0) {
    agent = arguments[2];
    check = arguments[3];
    return first_process(arguments[4]);
  }
  if (count < 7) return 2;
  int total = atoi(arguments[2]), width = atoi(arguments[3]), passed = 0;
  agent = arguments[5];
  check = arguments[6];
  char **template = arguments + 6;
  template[0] = (char *)"/proc/self/exe";
  atomic_int *next = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (next == MAP_FAILED) return 1;
  for (int worker = 0; worker < width; worker++) {
    if (fork() != 0) continue;
    int failures = 0;
    for (int number; (number = atomic_fetch_add(next, 1)) < total;) {
      failures += scenario(arguments[1], arguments[4], number, template) != 0;
    }
    _exit(failures != 0);
  }
  for (int worker = 0, status; worker < width; worker++) passed += wait(&status) > 0 && status == 0;
  return passed != width;
}
