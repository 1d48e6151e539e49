/*
 * A plugin that does one thing wrong, which FAULT names when it is compiled: `-DFAULT="\"crash\""`. Its check and its rule are
 * both called faulty_FAULT, and so is its notifier where NOTIFIER is defined. Each must cost its own scenario its verdict, and nobody else anything.
 */
#define _GNU_SOURCE 1
#include "keystone_plugin_easy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "1.2.3"
#endif

static const char fine[] = "{\"score\": 1, \"passed\": true, \"reason\": \"no fault\", \"violations\": []}";

static void reply(ks_request *request, const char *body, size_t size) {
  request->answered = true;
  ks_easy.host->reply(ks_easy.host->self, request->id, KS_OK, (ks_bytes){(const uint8_t *)body, size});
}

static void send_frame(ks_request *request, size_t size) {
  uint8_t *bytes = calloc(1, size);
  ks_easy.host->send(ks_easy.host->self, request->id, 1, (ks_bytes){bytes, size}, 0);
  free(bytes);
}

static int overflow(volatile int depth) {
  volatile char page[4096];
  page[0] = (char)depth;
  return overflow(depth + 1) + page[0];
}

/* Takes memory until there is none. */
static void take_memory(void) {
  for (;;) {
    char *block = malloc(16u << 20);
    if (block == NULL) {
      fputs("c_faulty: out of memory\n", stderr);
      abort();
    }
    block[0] = 1;
  }
}

static void deadlock(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  pthread_mutex_lock(&lock);
}

/* What a plugin must not reach: the answer names each attempt that succeeded. */
static void attack(ks_request *request) {
  char *store = ks_json_string(request->body, "parameters.store"), done[256] = "";
  pid_t daemon = (pid_t)ks_json_integer(request->body, "parameters.pid", 1);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_port = htons((uint16_t)ks_json_integer(request->body, "parameters.port", 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int file = open(store == NULL ? "/" : store, O_RDONLY);
  if (file >= 0) strcat(done, "read the store; ");
  if (connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) == 0) strcat(done, "connected out; ");
  if (ptrace(PTRACE_ATTACH, daemon, NULL, NULL) == 0) strcat(done, "traced the daemon; ");
  if (kill(daemon, SIGKILL) == 0) strcat(done, "killed the daemon; ");
  if (getenv("KEYSTONE_API_KEY") != NULL) strcat(done, "saw the key; ");
  bool stopped = done[0] == 0;
  ks_answer(request, ks_json_write(KS_JSON({"score": %d, "passed": %i, "reason": %s}), stopped, stopped,
                                   stopped ? "every attempt failed" : done));
  free(store);
}

static bool is(const char *fault) { return strcmp(FAULT, fault) == 0; }

static void misbehave(ks_request *request) {
  fputs("c_faulty: about to do wrong\n", stderr);
  if (is("crash")) *(volatile int *volatile)NULL = 1;
  if (is("trap")) {
    fputs("faulty/Evaluate.swift:12: Fatal error: Index out of range\n", stderr);
    __builtin_trap();
  }
  if (is("abort")) abort();
  if (is("stack")) overflow(0);
  if (is("exit")) exit(0);
  if (is("loop")) for (volatile int on = 1; on;) continue;
  if (is("deadlock")) deadlock();
  if (is("memory")) take_memory();
  if (is("closed")) {
    for (int descriptor = 3; descriptor < 256; descriptor++) close(descriptor);
  }
  if (is("garbage")) {
    for (int descriptor = 3; descriptor < 256; descriptor++) {
      if (write(descriptor, "\xff\xff\xff\xff garbage garbage garbage", 28) < 0) continue;
    }
    pause();
  }
  if (is("json")) return reply(request, "{\"score\": \xff,,", 13);
  if (is("oversized")) {
    char *large = calloc(1, KS_MAX_BODY + 1);
    reply(request, large, KS_MAX_BODY + 1);
    return free(large);
  }
  if (is("frame")) send_frame(request, KS_MAX_FRAME + 1);
  if (is("flood")) for (int count = 0; count < 5000; count++) send_frame(request, 1024);
  if (is("never")) {
    request->answered = true;
    return;
  }
  if (is("late")) while (!ks_cancelled(request)) usleep(500);
  if (is("twice")) reply(request, fine, sizeof fine - 1);
  if (is("leak")) {
    char *kept = malloc(256u << 10);
    if (kept != NULL) memset(kept, 1, 256u << 10);
  }
  if (is("print")) printf("a stray print\n");
  if (is("grandchild")) {
    if (fork() == 0) {
      setsid();
      for (;;) pause();
    }
    _exit(5);
  }
  if (is("attack")) return attack(request);
  reply(request, fine, sizeof fine - 1);
}

static const ks_method methods[] = {
    {"keystone.invariant/1.evaluate", misbehave}, {"keystone.forbidden/1.evaluate", misbehave},
    {"keystone.notifier/1.notify", misbehave}, {NULL, NULL}};

#define TYPE(point)                                                                                                   \
  "{\"point\": \"" point "\", \"type\": \"faulty_" FAULT "\", \"description\": \"Does wrong.\", \"sources\": [\"output\"]," \
  "\"parameters\": {\"type\": \"object\", \"properties\": {\"store\": {\"type\": \"string\", \"description\": \"A file.\"},"                         \
  "\"pid\": {\"type\": \"integer\", \"description\": \"A process.\"}, \"port\": {\"type\": \"integer\", \"description\": \"A port.\"}}}}"

#ifdef NOTIFIER
#define NOTIFIERS ", " TYPE("notifier")
#else
#define NOTIFIERS ""
#endif

KS_PLUGIN(methods, "{\"name\": \"faulty-" FAULT "\", \"version\": \"" VERSION "\", \"abi\": 1, \"concurrency\": 4, \"types\": ["
                   TYPE("invariant") ", " TYPE("forbidden") NOTIFIERS "]}")
