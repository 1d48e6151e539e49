/* The blocking helpers of keystone_plugin_easy.h as functions that Rust can call; keystone.rs declares them. */
#include "keystone_plugin_easy.h"

typedef void (*ks_rust_evaluator)(ks_request *request);

static ks_rust_evaluator evaluator;

static void evaluate(ks_request *request) { evaluator(request); }

static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};

#undef KS_EXPORT
#define KS_EXPORT static
#define keystone_plugin_1 ks_rust_table
KS_PLUGIN(methods, NULL)
#undef keystone_plugin_1

const void *ks_rust_enter(const void *host, const char *descriptor, ks_rust_evaluator function) {
  evaluator = function;
  const void *table = ks_rust_table(host);
  ks_easy.descriptor = descriptor;
  return table;
}

char *ks_rust_string(ks_request *request, const char *path) { return ks_json_string(request->body, path); }

long long ks_rust_integer(ks_request *request, const char *path, long long otherwise) {
  return ks_json_integer(request->body, path, otherwise);
}

bool ks_rust_bool(ks_request *request, const char *path, bool otherwise) {
  return ks_json_bool(request->body, path, otherwise);
}

uint32_t ks_rust_call(ks_request *request, const char *method, const char *body, uint32_t channel, ks_taker taker,
                      void *context, char **result) {
  return ks_call_reading(request, method, body, channel, taker, context, result);
}

bool ks_rust_cancelled(ks_request *request) { return ks_cancelled(request); }

void ks_rust_answer(ks_request *request, uint32_t status, const char *body, size_t size) {
  ks_answer_with(request, status, body, size);
}

long long ks_rust_member(const char *json, const char *path, long long otherwise) {
  return ks_json_integer((ks_bytes){(const uint8_t *)json, strlen(json)}, path, otherwise);
}

void ks_rust_free(char *text) { free(text); }
