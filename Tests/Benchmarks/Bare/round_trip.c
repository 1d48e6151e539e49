/*
 * The baselines of one call through the boundary: 1 KiB there and back without anything around it. Prints JSON.
 *
 *   round_trip CALLS
 *
 *   function     a function reached through a pointer, which copies
 *   thread       a socket pair between two threads: what two changes of threads cost
 *   socketpair   a socket pair between two processes
 *   pipe         two pipes between two processes
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZE 1024

typedef void trip(void *context, uint8_t *bytes);
struct ends { int in, out; };

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int move(int fd, uint8_t *bytes, int writes) {
  for (size_t done = 0; done < SIZE;) {
    ssize_t count = writes ? write(fd, bytes + done, SIZE - done) : read(fd, bytes + done, SIZE - done);
    if (count <= 0) return -1;
    done += (size_t)count;
  }
  return 0;
}

static void measure(const char *name, int calls, trip *body, void *context, const char *end) {
  uint8_t bytes[SIZE] = {1};
  int64_t *taken = calloc((size_t)calls, sizeof *taken), sum = 0;
  if (taken == NULL) abort();
  for (int i = 0; i < calls / 10; i++) body(context, bytes);
  for (int i = 0; i < calls; i++) {
    int64_t start = now();
    body(context, bytes);
    sum += taken[i] = now() - start;
  }
  qsort(taken, (size_t)calls, sizeof *taken, ascending);
  printf("  \"%s\": {\"calls\": %d, \"p50_us\": %.3f, \"p99_us\": %.3f, \"mean_us\": %.3f}%s\n", name, calls,
         (double)taken[calls / 2] / 1e3, (double)taken[calls / 100 * 99] / 1e3, (double)sum / calls / 1e3, end);
  free(taken);
}

static void (*volatile copy)(uint8_t *to, const uint8_t *from);

static void copies(uint8_t *to, const uint8_t *from) { memcpy(to, from, SIZE); }

static void through_function(void *context, uint8_t *bytes) {
  copy(context, bytes);
  copy(bytes, context);
}

static void through_ends(void *context, uint8_t *bytes) {
  struct ends *ends = context;
  if (move(ends->out, bytes, 1) != 0 || move(ends->in, bytes, 0) != 0) abort();
}

static void *echo(void *context) {
  struct ends *ends = context;
  uint8_t bytes[SIZE];
  while (move(ends->in, bytes, 0) == 0 && move(ends->out, bytes, 1) == 0) continue;
  return NULL;
}

static void between_processes(const char *name, int calls, struct ends ours, struct ends theirs, const char *end) {
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) abort();
  if (child == 0) {
    close(ours.in);
    close(ours.out);
    echo(&theirs);
    _exit(0);
  }
  close(theirs.in);
  if (theirs.out != theirs.in) close(theirs.out);
  measure(name, calls, through_ends, &ours, end);
  close(ours.in);
  if (ours.out != ours.in) close(ours.out);
  waitpid(child, NULL, 0);
}

int main(int count, char **arguments) {
  int calls = count > 1 ? atoi(arguments[1]) : 10000, pair[2], there[2], back[2];
  uint8_t other[SIZE];
  if (calls < 100) calls = 100;
  copy = copies;
  printf("{\n");
  measure("function", calls, through_function, other, ",");
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  pthread_t thread;
  struct ends ours = {pair[0], pair[0]}, theirs = {pair[1], pair[1]};
  if (pthread_create(&thread, NULL, echo, &theirs) != 0) return 1;
  measure("thread", calls, through_ends, &ours, ",");
  shutdown(pair[0], SHUT_RDWR);
  pthread_join(thread, NULL);
  close(pair[0]);
  close(pair[1]);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  between_processes("socketpair", calls, (struct ends){pair[0], pair[0]}, (struct ends){pair[1], pair[1]}, ",");
  if (pipe(there) != 0 || pipe(back) != 0) return 1;
  between_processes("pipe", calls, (struct ends){back[0], there[1]}, (struct ends){there[0], back[1]}, "");
  printf("}\n");
  return 0;
}
