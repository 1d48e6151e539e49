/* Sends one HTTP request again and again over some connections, each with one request at a time.
 *
 * load [ADDRESS:]PORT CONNECTIONS SECONDS FILE: FILE is the whole request. Prints answered requests per second, p50 and p99 in
 * microseconds, and how many answers were not 200, as JSON. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
  int descriptor;
  size_t sent, received;
  long expected;
  double began;
  char answer[4 << 20];
};

static char *request;
static size_t size;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *text) {
  perror(text);
  exit(1);
}

static void push(struct connection *it) {
  while (it->sent < size) {
    ssize_t count = send(it->descriptor, request + it->sent, size - it->sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("send");
    it->sent += (size_t)count;
  }
}

/* Whether the whole answer is there; only answers with a content length are understood. */
static bool pull(struct connection *it) {
  ssize_t count = recv(it->descriptor, it->answer + it->received, sizeof it->answer - 1 - it->received, 0);
  if (count < 0 && errno == EAGAIN) return false;
  if (count <= 0) fail("recv");
  it->received += (size_t)count;
  it->answer[it->received] = 0;
  if (it->expected < 0) {
    char *end = strstr(it->answer, "\r\n\r\n");
    if (end == NULL) return false;
    char *length = strcasestr(it->answer, "\r\ncontent-length:");
    if (length == NULL || length > end) fail("an answer without its length");
    it->expected = (end - it->answer) + 4 + atol(length + 17);
  }
  return (long)it->received >= it->expected;
}

static void begin(struct connection *it) {
  it->sent = it->received = 0;
  it->expected = -1;
  it->began = now();
  push(it);
}

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int count = atoi(argv[2]);
  double seconds = atof(argv[3]);
  FILE *file = fopen(argv[4], "rb");
  if (file == NULL) fail(argv[4]);
  request = malloc(64 << 20);
  size = fread(request, 1, 64 << 20, file);
  char *colon = strchr(argv[1], ':');
  if (colon != NULL) *colon = 0;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon == NULL ? argv[1] : colon + 1)),
      .sin_addr.s_addr = colon == NULL ? htonl(INADDR_LOOPBACK) : inet_addr(argv[1])};
  int poll = epoll_create1(0);
  struct connection *all = calloc((size_t)count, sizeof *all);
  for (int i = 0; i < count; i++) {
    all[i].descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(all[i].descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    int flag = 1;
    setsockopt(all[i].descriptor, IPPROTO_TCP, TCP_NODELAY, &flag, sizeof flag);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].descriptor, &event);
  }
  size_t done = 0, wrong = 0, room = 1 << 22;
  double *times = malloc(room * sizeof *times), start = now();
  for (int i = 0; i < count; i++) begin(&all[i]);
  while (now() - start < seconds) {
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 100);
    for (int i = 0; i < ready; i++) {
      struct connection *it = events[i].data.ptr;
      if (!pull(it)) continue;
      if (strncmp(it->answer, "HTTP/1.1 200", 12) != 0) wrong++;
      if (done < room) times[done] = now() - it->began;
      done++;
      begin(it);
    }
  }
  double elapsed = now() - start;
  size_t kept = done < room ? done : room;
  qsort(times, kept, sizeof *times, compare);
  double p50 = kept ? times[kept / 2] : 0, p99 = kept ? times[kept * 99 / 100] : 0;
  printf("{\"per_second\": %.1f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"wrong\": %zu}\n", (double)done / elapsed,
         p50 * 1e6, p99 * 1e6, wrong);
  return 0;
}
