/*
 * Memory is what the processes of the namespace have to themselves, and what lies in the temporary folders, which are
 * memory too. Disk is what the files of the workspace and of the home folder occupy. A large tree is looked at less often, so
 * that looking takes a twentieth of the time at most.
 */
#include "limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "operations.h"
#include "sandbox.h"
#include "walk.h"

#define INTERVAL 250
#define SHARE 20
#define BLOCK 512

static uint64_t next_look;

static uint64_t memory_of_processes(void) {
  DIR *directory = opendir("/proc");
  if (directory == NULL) return 0;
  uint64_t pages = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid <= 1) continue;
    char path[32], text[128];
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0) continue;
    text[size] = 0;
    unsigned long long resident, shared;
    if (sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && resident > shared) pages += resident - shared;
  }
  closedir(directory);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t memory_of_folders(void) {
  static const char *const folders[] = {"/tmp", "/var/tmp", "/dev/shm"};
  uint64_t bytes = 0;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    struct statfs system;
    if (statfs(folders[i], &system) != 0 || system.f_type != TMPFS_MAGIC) continue;
    bytes += (uint64_t)(system.f_blocks - system.f_bfree) * (uint64_t)system.f_bsize;
  }
  return bytes;
}

static uint64_t disk_of(int fd) {
  struct walk walk;
  uint64_t bytes = 0;
  if (fd < 0 || !walk_begin(&walk, fd, true)) return 0;
  while (walk_next(&walk) == 1) {
    /* One file with several names counts once. */
    nlink_t names = S_ISDIR(walk.status.st_mode) || walk.status.st_nlink == 0 ? 1 : walk.status.st_nlink;
    bytes += (uint64_t)walk.status.st_blocks * BLOCK / names;
  }
  walk_end(&walk);
  return bytes;
}

static uint64_t disk_used(void) {
  uint64_t bytes = disk_of(openat(settings.workspace_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (settings.home != NULL) bytes += disk_of(open(settings.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return bytes;
}

uint64_t limits_tick(uint64_t now) {
  bool watches = (settings.memory > 0 || settings.disk > 0) && commands_exist();
  if (!watches) return UINT64_MAX;
  if (now < next_look) return next_look;
  if (settings.memory > 0 && memory_of_processes() + memory_of_folders() > settings.memory) commands_over(ENDING_MEMORY);
  if (settings.disk > 0 && disk_used() > settings.disk) commands_over(ENDING_DISK);
  uint64_t spent = now_ms() - now;
  next_look = now_ms() + (spent * SHARE > INTERVAL ? spent * SHARE : INTERVAL);
  return next_look;
}
