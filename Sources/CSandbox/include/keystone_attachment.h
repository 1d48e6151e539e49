/*
 * What the first process of a sandbox and its host say to each other directly, past the runtime: the host listens on a
 * Unix socket (SOCK_SEQPACKET), the first process connects to it once, before it starts anything, and hands over what
 * the gateway and the audit listen on. One message per packet; descriptors travel beside it (SCM_RIGHTS).
 *
 * Growth: kinds are only added; a kind that is not known is ignored and its descriptors are closed.
 */
#ifndef KEYSTONE_ATTACHMENT_H
#define KEYSTONE_ATTACHMENT_H
#include <stdint.h>

#define KS_ATTACHMENT_MAGIC 0x3141534bu /* "KSA1" */
#define KS_ATTACHMENT_TEXT 216
#define KS_ATTACHMENT_DESCRIPTORS 2

/* The address of the sandbox's resolver, and the port of its names. */
#define KS_RESOLVER_ADDRESS 0xc6120001u /* 198.18.0.1 */
#define KS_RESOLVER_PORT 53
/* Where all TCP that leaves a process of the sandbox for another address than 127.0.0.0/8 arrives. */
#define KS_LISTENER_PORT 1

enum ks_attachment_kind {
  /* From the sandbox, first: the TCP listener and the UDP socket of the resolver, or none and why not. */
  KS_ATTACHMENT_NETWORK = 1,
  /* From the sandbox: the seccomp listener of the command whose `audit.tag` is `tag`, sent before its program starts. */
  KS_ATTACHMENT_NOTIFICATIONS = 2,
  /* From the host: asks for an unconnected TCP socket in the sandbox's network. The answer has the same kind and tag. */
  KS_ATTACHMENT_SOCKET = 3
};

/* What a command's seccomp listener is asked about. */
enum ks_watch {
  KS_WATCH_PROCESSES = 1, /* execve and execveat */
  KS_WATCH_WRITES = 2,    /* calls that make, change, rename or remove a file */
  KS_WATCH_READS = 4      /* opening for reading */
};

struct ks_attachment_message {
  uint32_t magic;
  uint32_t kind;
  uint64_t tag;
  int32_t error; /* an errno, 0 when the descriptors are there */
  uint32_t flags;
  char text[KS_ATTACHMENT_TEXT]; /* what went wrong, ends with 0 */
};

#endif
