/* In a container no descriptor can be inherited from the runtime: it listens in a folder that the container sees. */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.h"

int control_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  memcpy(address.sun_path, path, strlen(path) + 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return -1;
  if (fd == CONTROL_DESCRIPTOR) return 0;
  if (dup2(fd, CONTROL_DESCRIPTOR) < 0) return -1;
  return close(fd);
}
