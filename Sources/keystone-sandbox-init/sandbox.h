/* What the parts of the helper share: its settings, and the event loop they all hang from. */
#ifndef KEYSTONE_SANDBOX_H
#define KEYSTONE_SANDBOX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Settings from the command line, fixed after the start. */
struct settings {
  const char *workspace; /* where the workspace lies in the file system this process sees */
  int workspace_fd;      /* the same as a descriptor, O_PATH */
  int root_fd;           /* "/", O_PATH */
  uid_t user;            /* whom commands run as; the helper's own when it cannot change users */
  gid_t group;
  bool drops;            /* user and group must be taken on before a command runs */
  bool container;        /* the engine made the namespaces, and commands are the container's root with a few capabilities */
  bool first_process;    /* process 1 of a namespace of its own, and the whole file system is the sandbox's */
  uint64_t memory, disk; /* bytes at which everything is killed, 0 for no such limit */
  uint64_t processes;    /* how many the user of commands may have in this namespace, 0 for no such limit */
  const char *home;      /* counts as disk beside the workspace; NULL for none */
  struct rlimit files;   /* the limit of open files that commands get back */
};
extern struct settings settings;

/* A descriptor the loop watches. Embedded in its owner; `ready` may remove and free any owner only by `retire`. */
struct watch {
  int fd;
  uint32_t events;
  void (*ready)(struct watch *watch, uint32_t events);
};

/* Changes what is watched for; 0 takes the descriptor out of the loop, so that a hung-up pipe cannot spin it. */
void watch_for(struct watch *watch, uint32_t events);
/* Takes the descriptor out of the loop and closes it; harmless when already closed. */
void watch_close(struct watch *watch);

/* Monotonic milliseconds. */
uint64_t now_ms(void);

#define OWNER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
