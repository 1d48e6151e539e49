/* The calls of Linux that the host needs beside a sandbox and that the Glibc module does not show to Swift. */
#ifndef KEYSTONE_SANDBOX_HOST_H
#define KEYSTONE_SANDBOX_HOST_H
#include <stdint.h>
#include <sys/types.h>

#include "keystone_attachment.h"

/*
 * Listens at `name` in the folder `folder` (a descriptor), for the owner only; the whole path may be longer than an address
 * of a socket. Returns a descriptor, or -1 with errno.
 */
int ks_attachment_listen(int folder, const char *name);
/*
 * Accepts the one connection that is waiting, if the other side runs as this process's user or as root. Returns a
 * descriptor, or -1 with errno: EAGAIN when nobody has connected, EPERM when it is somebody else.
 */
int ks_attachment_accept(int listener);
/*
 * Waits for a message; `descriptors` has room for KS_ATTACHMENT_DESCRIPTORS, *count says how many came (each is closed on
 * exec). Returns 1, 0 when the other side has gone, or -1 with errno.
 */
int ks_attachment_receive(int fd, struct ks_attachment_message *message, int *descriptors, int *count);
/* Asks for a socket in the sandbox's network. Returns 0, or -1 with errno. */
int ks_attachment_ask_socket(int fd, uint64_t tag);
/* The text of a message as a string. */
const char *ks_attachment_text(const struct ks_attachment_message *message);

/* A pipe that is closed on exec. Returns 0, or -1 with errno. */
int ks_pipe(int ends[2]);

/* What a watched command did, told before the kernel does it. */
enum ks_event_kind { KS_EVENT_PROCESS = 1, KS_EVENT_WRITE = 2, KS_EVENT_DELETE = 3, KS_EVENT_READ = 4 };

struct ks_event {
  enum ks_event_kind kind;
  const char *call;     /* the system call, such as "rename" */
  const char *path;     /* from the sandbox's root, links resolved */
  const char *origin;   /* where a renamed or linked file came from, or NULL */
  int directory;        /* the path is a folder */
  pid_t pid;            /* as this process sees it */
  const char *arguments; /* of a new program, each with its 0 at the end, or NULL */
  size_t arguments_size;
  int truncated; /* there were more arguments */
};

/* Takes an event, on the supervising thread; answers 0, or the errno with which the call fails instead. */
typedef int (*ks_event_sink)(void *context, const struct ks_event *event);

/*
 * Answers the notifications of `listener` until no process is left that could notify, or until `stop` (a descriptor)
 * becomes readable. A call whose path cannot be found out is refused. Closes neither. Returns 0, or an errno.
 */
int ks_supervise(int listener, int stop, ks_event_sink sink, void *context);

#endif
