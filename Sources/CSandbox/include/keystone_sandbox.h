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

#endif
