/* Starting a command under a supervisor of its own. */
#ifndef KEYSTONE_SANDBOX_SPAWN_H
#define KEYSTONE_SANDBOX_SPAWN_H
#include <stdint.h>
#include <sys/types.h>

/* What the supervisor reports, each in one write. */
enum report { REPORT_FAILED = 1, REPORT_STARTED = 2, REPORT_ENDED = 3 };

enum step { STEP_FORK = 1, STEP_USER = 2, STEP_FOLDER = 3, STEP_PROGRAM = 4, STEP_WATCH = 5 };

struct report_record {
  int32_t kind;
  int32_t value; /* errno, process id or wait status */
  int32_t step;  /* of REPORT_FAILED */
};

struct spawn {
  char **arguments, **environment;
  const char *folder; /* below the workspace if relative */
  int descriptors[3]; /* stdin, stdout, stderr of the command, all above 5 */
  int report;         /* the writing end of a pipe for report_record */
  uint32_t watch;     /* what the host is told of (enum ks_watch), 0 for nothing */
  uint64_t tag;       /* under which name */
};

/*
 * Forks the supervisor and returns its process id, or -1. It starts the command in a session of its own, adopts all its
 * orphans (so that a daemon that forked twice still descends from it) and ends when the last of them has.
 */
pid_t spawn_supervised(const struct spawn *spawn);

#endif
