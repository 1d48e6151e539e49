/* A plugin that does wrong on demand: each method is one thing that must cost its call and nothing else. */
#define _GNU_SOURCE 1
#include "keystone_plugin_easy.h"

#include <sys/wait.h>
#include <unistd.h>

static void reply(ks_request *request, uint32_t status, const char *body) {
  request->answered = true;
  ks_easy.host->reply(ks_easy.host->self, request->id, status, (ks_bytes){(const uint8_t *)body, strlen(body)});
}

static void send_frame(ks_request *request, size_t size) {
  uint8_t *bytes = calloc(1, size);
  ks_easy.host->send(ks_easy.host->self, request->id, 1, (ks_bytes){bytes, size}, 0);
  free(bytes);
}

static void fault_crash(ks_request *request) {
  (void)request;
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
}

static void fault_abort(ks_request *request) {
  (void)request;
  fputs("c_faults: the invariant of an invariant broke\n", stderr);
  abort();
}

/* What a Swift plugin does at a failed precondition. */
static void fault_trap(ks_request *request) {
  (void)request;
  fputs("c_faults/Evaluate.swift:12: Fatal error: Index out of range\n", stderr);
  __builtin_trap();
}

/* What a Swift plugin looks like while its crash report is made: alive, with its pipes open. */
static void fault_crash_report(ks_request *request) {
  (void)request;
  fputs("c_faults/Evaluate.swift:7: Fatal error: Unexpectedly found nil\n\n"
        "*** Signal 4: Backtracing from 0x7f00 (frozen)... done ***\n\n"
        "*** Program crashed: Illegal instruction at 0x7f00 ***\n\n"
        "Thread 0 crashed:\n\n0 evaluate + 12 in c_faults.so\n1 receive + 40 in c_faults.so\n",
        stderr);
  for (;;) pause();
}

static void fault_exit(ks_request *request) {
  exit((int)ks_json_integer(request->body, "status", 0));
}

static void fault_hang(ks_request *request) {
  (void)request;
  for (;;) pause();
}

static void fault_reply_twice(ks_request *request) {
  reply(request, KS_OK, "{\"reply\":1}");
  reply(request, KS_OK, "{\"reply\":2}");
}

static void fault_reply_never(ks_request *request) { request->answered = true; }

static void fault_reply_after_cancel(ks_request *request) {
  while (!ks_cancelled(request)) usleep(500);
  reply(request, KS_OK, "{\"reply\":\"late\"}");
}

static void fault_unknown_status(ks_request *request) { reply(request, 77, "{}"); }

static void fault_garbage_reply(ks_request *request) { reply(request, KS_OK, "{\"score\": \xff\xfe,,"); }

static void fault_oversized_body(ks_request *request) {
  request->answered = true;
  size_t size = KS_MAX_BODY + 1;
  uint8_t *bytes = calloc(1, size);
  ks_easy.host->reply(ks_easy.host->self, request->id, KS_OK, (ks_bytes){bytes, size});
  free(bytes);
}

static void fault_oversized_frame(ks_request *request) {
  send_frame(request, KS_MAX_FRAME + 1);
  reply(request, KS_OK, "{}");
}

static void fault_no_credit(ks_request *request) {
  send_frame(request, KS_MAX_FRAME);
  reply(request, KS_OK, "{}");
}

/* Writes into whatever descriptors it finds, the daemon's socket among them. */
static void fault_garbage_frames(ks_request *request) {
  (void)request;
  for (int descriptor = 3; descriptor < 256; descriptor++) {
    if (write(descriptor, "\xff\xff\xff\xff garbage garbage garbage", 28) < 0) continue;
  }
  for (;;) pause();
}

static void fault_stray_print(ks_request *request) {
  printf("a stray print\n");
  reply(request, KS_OK, "{\"printed\":true}");
}

/* Leaves a process behind that holds every descriptor, and ends. */
static void fault_grandchild(ks_request *request) {
  (void)request;
  if (fork() == 0) {
    for (;;) pause();
  }
  _exit(5);
}

static void fault_noise(ks_request *request) {
  for (int line = 0; line < 20000; line++) fprintf(stderr, "line %d of a plugin that talks too much\n", line);
  fputs("the last line\n", stderr);
  reply(request, KS_OK, "{}");
}

static void healthy(ks_request *request) { reply(request, KS_OK, "{\"healthy\":true}"); }

static const ks_method methods[] = {{"healthy", healthy},
                                    {"fault/crash", fault_crash},
                                    {"fault/abort", fault_abort},
                                    {"fault/trap", fault_trap},
                                    {"fault/crash_report", fault_crash_report},
                                    {"fault/exit", fault_exit},
                                    {"fault/hang", fault_hang},
                                    {"fault/reply_twice", fault_reply_twice},
                                    {"fault/reply_never", fault_reply_never},
                                    {"fault/reply_after_cancel", fault_reply_after_cancel},
                                    {"fault/unknown_status", fault_unknown_status},
                                    {"fault/garbage_reply", fault_garbage_reply},
                                    {"fault/oversized_body", fault_oversized_body},
                                    {"fault/oversized_frame", fault_oversized_frame},
                                    {"fault/no_credit", fault_no_credit},
                                    {"fault/garbage_frames", fault_garbage_frames},
                                    {"fault/stray_print", fault_stray_print},
                                    {"fault/grandchild", fault_grandchild},
                                    {"fault/noise", fault_noise},
                                    {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({"name": "c_faults", "version": "1.0.0"}))
