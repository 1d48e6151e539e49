/* A plugin that tries to reach what it was not given, and says how far it got. */
#define _GNU_SOURCE 1
#include "keystone_plugin_easy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer_error(ks_request *request, int error) {
  ks_answer(request, ks_json_write(KS_JSON({"error": %s}), error == 0 ? NULL : strerror(error)));
}

static void reach_open(ks_request *request) {
  char *path = ks_json_string(request->body, "path");
  bool writes = ks_json_bool(request->body, "write", false);
  int file = open(path, writes ? O_WRONLY | O_CREAT : O_RDONLY, 0600);
  answer_error(request, file < 0 ? errno : 0);
  if (file >= 0) close(file);
  free(path);
}

static void reach_connect(ks_request *request) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_port = htons((uint16_t)ks_json_integer(request->body, "port", 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int status = connect(client, (struct sockaddr *)&address, sizeof address);
  answer_error(request, status < 0 ? errno : 0);
  close(client);
}

static void reach_run(ks_request *request) {
  char *path = ks_json_string(request->body, "path");
  pid_t child = fork();
  if (child == 0) {
    execl(path, path, (char *)NULL);
    _exit(errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  answer_error(request, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
  free(path);
}

static void reach_kill(ks_request *request) {
  int status = kill((pid_t)ks_json_integer(request->body, "pid", 0), SIGKILL);
  answer_error(request, status < 0 ? errno : 0);
}

/* Arguments of 0 are wrong for all calls that are tried, so that one that is let through fails as well, in its own way. */
static void reach_call(ks_request *request) {
  long status = syscall(ks_json_integer(request->body, "number", -1), 0L, 0L, 0L, 0L, 0L, 0L);
  answer_error(request, status < 0 ? errno : 0);
}

static void reach_variable(ks_request *request) {
  char *name = ks_json_string(request->body, "name");
  ks_answer(request, ks_json_write(KS_JSON({"value": %s}), getenv(name)));
  free(name);
}

static void reach_limits(ks_request *request) {
  struct rlimit files, cores;
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_CORE, &cores);
  ks_answer(request, ks_json_write(KS_JSON({"files": %lld, "cores": %lld}), (long long)files.rlim_cur,
                                   (long long)cores.rlim_cur));
}

static const ks_method methods[] = {
    {"reach/open", reach_open},   {"reach/connect", reach_connect}, {"reach/run", reach_run},
    {"reach/kill", reach_kill},   {"reach/variable", reach_variable}, {"reach/limits", reach_limits},
    {"reach/call", reach_call},   {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({"name": "c_reach", "version": "1.0.0"}))
