/* Answers every HTTP request without a body by 200 and two bytes, as fast as one thread can.
 *
 * answer: prints its port and serves 127.0.0.1 until it is killed. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void fail(const char *text) {
  perror(text);
  exit(1);
}

static void watch(int poll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

/* The clients of this program send one request at a time, whole. */
static void serve(int descriptor) {
  char request[65536];
  ssize_t count = recv(descriptor, request, sizeof request, 0);
  if (count <= 0) close(descriptor);
  else if (memmem(request, (size_t)count, "\r\n\r\n", 4) != NULL) send(descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

int main(void) {
  int server = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 4096) != 0) fail("listen");
  getsockname(server, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  watch(poll, server);
  for (;;) {
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.fd != server) {
        serve(events[i].data.fd);
        continue;
      }
      int descriptor = accept(server, NULL, NULL), flag = 1;
      if (descriptor < 0) continue;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &flag, sizeof flag);
      watch(poll, descriptor);
    }
  }
}
