/*
 * keystone-plugin-host - runs one plugin in a process of its own, linked to libc alone.
 *
 *   keystone-plugin-host [--concurrency N] [--limit NAME=NUMBER]... [--filtered] FILE.so
 *
 * It is started by the daemon with one end of a stream socket as descriptor 3, and ends when the other
 * end is closed. Start it from a thread that lives as long as the daemon: it dies with that thread.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "filter.h"
#include "inbox.h"
#include "outbox.h"
#include "pool.h"
#include "relay.h"

enum { EXIT_USAGE = 64, EXIT_REFUSED = 65, EXIT_SETUP = 70 };

/* Says why on stderr, which the daemon keeps. */
__attribute__((format(printf, 2, 3))) static void quit(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("keystone-plugin-host: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(status);
}

/* Puts the socket out of the plugin's way and turns its stdout to stderr: a stray print harms nobody. */
static int claim_descriptors(void) {
  int socket = fcntl(3, F_DUPFD_CLOEXEC, 100);
  if (socket < 0) quit(EXIT_USAGE, "descriptor 3 must be the daemon's socket; this program is started by keystone");
  close(3);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0) quit(EXIT_SETUP, "cannot set up stdin and stdout");
  if (null > 2) close(null);
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  return socket;
}

static bool parse_number(const char *text, unsigned long long *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == 0 && errno == 0;
}

/* Limits are set here because only inside the child's user namespace does `nproc` count its own alone. */
static void set_limit(const char *text) {
  static const struct {
    const char *name;
    int resource;
  } known[] = {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"fsize", RLIMIT_FSIZE},
               {"as", RLIMIT_AS},         {"data", RLIMIT_DATA},   {"cpu", RLIMIT_CPU}};
  const char *equals = strchr(text, '=');
  unsigned long long number;
  if (equals == NULL || !parse_number(equals + 1, &number)) quit(EXIT_USAGE, "--limit %s is not NAME=NUMBER", text);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strlen(known[i].name) != (size_t)(equals - text) || strncmp(known[i].name, text, equals - text) != 0) continue;
    struct rlimit limit = {number, number};
    if (setrlimit(known[i].resource, &limit) != 0) quit(EXIT_SETUP, "cannot set the limit %s: %m", text);
    return;
  }
  quit(EXIT_USAGE, "--limit %s: the names are nofile, nproc, fsize, as, data and cpu", text);
}

/* Tells the daemon in one sentence why there is no plugin, and ends. */
__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  size_t length = size < 0 ? 0 : (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
  uint8_t head[FRAME_PREFIX];
  put_prefix(head, FRAME_REFUSED, sizeof head, length);
  outbox_put_always(head, sizeof head, text, length);
  _exit(EXIT_REFUSED);
}

static const ks_peer *load(const char *file) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) refuse("cannot load the file: %s", dlerror());
  const ks_peer *(*entry)(const ks_peer *) = NULL;
  *(void **)&entry = dlsym(library, "keystone_plugin_1");
  if (entry == NULL) refuse("it does not export keystone_plugin_1, the one symbol of a Keystone plugin");
  const ks_peer *table = entry(&relay_table);
  if (table == NULL) refuse("the plugin says that it cannot work with this host (boundary version %u)", KS_ABI_VERSION);
  if (table->version != KS_ABI_VERSION) {
    refuse("it speaks version %u of the plugin boundary, this host speaks version %u", table->version, KS_ABI_VERSION);
  }
  if (table->size < sizeof(ks_peer) || !table->call || !table->send || !table->credit || !table->cancel ||
      !table->reply) {
    refuse("its table of functions is incomplete (%u bytes, %zu expected)", table->size, sizeof(ks_peer));
  }
  return table;
}

static void greet(const ks_peer *plugin) {
  uint8_t frame[FRAME_HELLO_SIZE], *at = put_prefix(frame, FRAME_HELLO, sizeof frame, 0);
  put_number(put_number(at, plugin->size, 4), plugin->version, 4);
  outbox_put_always(frame, sizeof frame, NULL, 0);
}

int main(int count, char **arguments) {
  int socket = claim_descriptors();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});

  const char *file = NULL;
  unsigned long long concurrency = 1;
  bool is_filtered = false;
  for (int i = 1; i < count; i++) {
    bool more = i + 1 < count;
    if (strcmp(arguments[i], "--concurrency") == 0 && more) {
      if (!parse_number(arguments[++i], &concurrency) || concurrency > 1024) {
        quit(EXIT_USAGE, "--concurrency %s is not a number from 0 to 1024", arguments[i]);
      }
    } else if (strcmp(arguments[i], "--limit") == 0 && more) {
      set_limit(arguments[++i]);
    } else if (strcmp(arguments[i], "--filtered") == 0) {
      is_filtered = true;
    } else if (file == NULL && arguments[i][0] != '-') {
      file = arguments[i];
    } else {
      quit(EXIT_USAGE, "unexpected argument %s", arguments[i]);
    }
  }
  if (file == NULL) {
    quit(EXIT_USAGE, "usage: keystone-plugin-host [--concurrency N] [--limit NAME=NUMBER]... [--filtered] FILE.so");
  }
  if (is_filtered && !filter_install()) quit(EXIT_SETUP, "cannot filter system calls: %m");
  if (!outbox_start(socket)) quit(EXIT_SETUP, "cannot start the writing thread");

  const ks_peer *plugin = load(file);
  relay_configure(plugin);
  pool_configure(plugin, (unsigned)concurrency);
  greet(plugin);
  inbox_serve(socket, plugin);
}
