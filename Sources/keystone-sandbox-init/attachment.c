#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "filter.h"
#include "keystone_attachment.h"
#include "network.h"
#include "sandbox.h"

struct attachment attachment = {.fd = -1};
static struct watch requests;

int attachment_send(int fd, uint32_t kind, uint64_t tag, int error, const char *text, const int *descriptors, int count) {
  struct ks_attachment_message message = {.magic = KS_ATTACHMENT_MAGIC, .kind = kind, .tag = tag, .error = error};
  for (size_t i = 0; text != NULL && text[i] != 0 && i < KS_ATTACHMENT_TEXT - 1; i++) message.text[i] = text[i];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * KS_ATTACHMENT_DESCRIPTORS)];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec part = {&message, sizeof message};
  struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    packet.msg_control = &control;
    packet.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
  }
  ssize_t sent;
  do sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)sizeof message ? 0 : -1;
}

/* A path may be longer than an address of a socket: it is reached through its folder's descriptor. */
static int connect_to(const char *path) {
  const char *slash = strrchr(path, '/');
  char folder[4096];
  if (slash == NULL || (size_t)(slash - path) >= sizeof folder - 1) return errno = ENAMETOOLONG, -1;
  snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
  int directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = directory < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int size = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, slash + 1);
  bool fits = size < (int)sizeof address.sun_path;
  if (fd >= 0 && (!fits || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)) {
    int number = fits ? errno : ENAMETOOLONG;
    close(fd);
    fd = -1;
    errno = number;
  }
  int number = errno;
  if (directory >= 0) close(directory);
  errno = number;
  return fd;
}

bool attach(const char *path, bool isolates_network) {
  attachment.fd = connect_to(path);
  if (attachment.fd < 0) return false;
  /* Out of the way of the descriptors that a command is given. */
  int moved = fcntl(attachment.fd, F_DUPFD_CLOEXEC, 10);
  close(attachment.fd);
  attachment.fd = moved;
  attachment.notifies = filter_is_available();
  if (!attachment.notifies) attachment.reason = "this kernel cannot notify of system calls (seccomp user notification)";
  struct network network = {-1, -1};
  const char *step = isolates_network ? network_redirect(&network) : "nothing isolates this sandbox's network";
  int error = step == NULL ? 0 : isolates_network ? errno : EOPNOTSUPP;
  static char text[KS_ATTACHMENT_TEXT];
  if (step != NULL) snprintf(text, sizeof text, isolates_network ? "%s: %s" : "%s", step, strerror(error));
  attachment.redirects = step == NULL;
  if (step != NULL) attachment.reason = text;
  int handed[] = {network.listener, network.names};
  int failed = attachment_send(attachment.fd, KS_ATTACHMENT_NETWORK, 0, error, step ? text : NULL, handed, step ? 0 : 2);
  if (network.listener >= 0) close(network.listener);
  if (network.names >= 0) close(network.names);
  return failed == 0;
}

/* The host asks for a socket with which it reaches a server of the sandbox. */
static void requests_ready(struct watch *watch, uint32_t events) {
  (void)events;
  struct ks_attachment_message message;
  ssize_t size = recv(watch->fd, &message, sizeof message, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    watch_for(watch, 0); /* the host wants nothing more; what it was given stays its own */
    return;
  }
  if (size != sizeof message || message.magic != KS_ATTACHMENT_MAGIC || message.kind != KS_ATTACHMENT_SOCKET) return;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = fd < 0 ? errno : 0;
  attachment_send(watch->fd, KS_ATTACHMENT_SOCKET, message.tag, error, NULL, &fd, fd < 0 ? 0 : 1);
  if (fd >= 0) close(fd);
}

void attachment_watch(void) {
  if (attachment.fd < 0) return;
  requests = (struct watch){.fd = attachment.fd, .ready = requests_ready};
  watch_for(&requests, EPOLLIN);
}
