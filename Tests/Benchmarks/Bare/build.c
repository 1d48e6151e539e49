/* What a build does to an audit: `build PROCESSES FILES` starts so many programs and writes so many files. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void start_program(const char *self) {
  char *const arguments[] = {(char *)self, (char *)"-c", (char *)"source.c", (char *)"-o", (char *)"source.o", NULL};
  pid_t pid;
  int status;
  if (posix_spawn(&pid, self, NULL, NULL, arguments, environ) != 0) exit(1);
  while (waitpid(pid, &status, 0) < 0) continue;
}

static void write_file(int number) {
  static const char content[1024];
  char path[64];
  snprintf(path, sizeof path, "out/%d", number / 500);
  if (number % 500 == 0) mkdir(path, 0755);
  snprintf(path, sizeof path, "out/%d/%d.o", number / 500, number);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, content, sizeof content) != sizeof content) exit(1);
  close(fd);
}

int main(int count, char **arguments) {
  if (count != 3) return 0; /* one of the programs */
  int processes = atoi(arguments[1]), files = atoi(arguments[2]);
  mkdir("out", 0755);
  for (int i = 0; i < files; i++) {
    if (i % (files / processes) == 0) start_program("/proc/self/exe");
    write_file(i);
  }
  return 0;
}
