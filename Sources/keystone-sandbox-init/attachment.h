/* The connection to the host, on which the first process hands over descriptors. */
#ifndef KEYSTONE_SANDBOX_ATTACHMENT_H
#define KEYSTONE_SANDBOX_ATTACHMENT_H
#include <stdbool.h>
#include <stdint.h>

/* What the first process found when it attached, told to the runtime with READY. */
struct attachment {
  int fd;                /* the connection, or -1 */
  bool redirects;        /* the gateway has the sandbox's connections */
  bool notifies;         /* the kernel can notify of system calls */
  const char *reason;    /* why one of the two is false */
};
extern struct attachment attachment;

/* Makes the network and hands it over at `path`. False when nobody listens there. */
bool attach(const char *path, bool isolates_network);
/* Watches for the host's requests. */
void attachment_watch(void);
/* Sends one message with `descriptors`; async-signal-safe, so that a command about to start can use it. */
int attachment_send(int fd, uint32_t kind, uint64_t tag, int error, const char *text, const int *descriptors, int count);

#endif
