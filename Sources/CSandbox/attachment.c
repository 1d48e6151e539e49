#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keystone_sandbox.h"

static int closing(int fd) {
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

int ks_attachment_listen(int folder, const char *name) {
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int size = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name);
  if (size >= (int)sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return closing(fd);
  }
  /* The permissions of the socket are those of its inode before it is bound. */
  if (fchmod(fd, 0600) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return closing(fd);
  return listen(fd, 1) == 0 ? fd : closing(fd);
}

int ks_attachment_accept(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return -1;
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return closing(fd);
  if (peer.uid == geteuid() || peer.uid == 0) return fd;
  errno = EPERM;
  return closing(fd);
}

int ks_attachment_receive(int fd, struct ks_attachment_message *message, int *descriptors, int *count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * KS_ATTACHMENT_DESCRIPTORS)];
  } control;
  struct iovec part = {message, sizeof *message};
  struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t size;
  do size = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  *count = 0;
  if (size <= 0) return (int)size;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&packet); header != NULL; header = CMSG_NXTHDR(&packet, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    *count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors, CMSG_DATA(header), sizeof(int) * (size_t)*count);
  }
  message->text[KS_ATTACHMENT_TEXT - 1] = 0;
  if (size == (ssize_t)sizeof *message && message->magic == KS_ATTACHMENT_MAGIC) return 1;
  for (int i = 0; i < *count; i++) close(descriptors[i]);
  errno = EPROTO;
  return -1;
}

int ks_attachment_ask_socket(int fd, uint64_t tag) {
  struct ks_attachment_message message = {.magic = KS_ATTACHMENT_MAGIC, .kind = KS_ATTACHMENT_SOCKET, .tag = tag};
  return send(fd, &message, sizeof message, MSG_NOSIGNAL) == (ssize_t)sizeof message ? 0 : -1;
}

int ks_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

const char *ks_attachment_text(const struct ks_attachment_message *message) { return message->text; }
