/* Finding and killing processes by descent, through /proc. */
#ifndef KEYSTONE_SANDBOX_PROCESS_TREE_H
#define KEYSTONE_SANDBOX_PROCESS_TREE_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * All descendants of `root`, without itself. When a command's supervisor was killed by the command, its children went to
 * the helper: then `leader` (0 for none), its descendants and everything in its session belong to it too.
 */
#define NO_PROCESS ((pid_t)-1)
struct tree {
  pid_t root;
  pid_t leader;
};

/* Whether nothing descends from this process, which adopts every orphan below it. */
bool no_children(void);
void tree_signal(struct tree tree, int number);
/* Stops the whole tree first, so that it cannot outrun the killing by forking, then kills it. Repeat until empty. */
void tree_kill(struct tree tree);

#endif
