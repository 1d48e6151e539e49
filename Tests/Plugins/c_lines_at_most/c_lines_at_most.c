/* A check in plain C: a file of the sandbox has at most so many lines. */
#include "keystone_plugin_easy.h"

typedef struct lines {
  size_t count;
  uint8_t last;
} lines;

static void count_lines(void *context, const uint8_t *bytes, size_t size) {
  lines *seen = context;
  for (size_t i = 0; i < size; i++) seen->count += bytes[i] == '\n';
  seen->last = bytes[size - 1];
}

static void evaluate(ks_request *request) {
  lines seen = {0, '\n'};
  char *error, reason[128], *path = ks_json_string(request->body, "parameters.path");
  long long max = ks_json_integer(request->body, "parameters.max", 100);
  char *question = ks_json_write(KS_JSON({"path": %s}), path);
  uint32_t status = ks_call_reading(request, "keystone.host/1.read", question, 1, count_lines, &seen, &error);
  if (seen.last != '\n') seen.count++;
  if (status == KS_OK || status == KS_NOT_FOUND) {
    bool passed = status == KS_OK && (long long)seen.count <= max;
    snprintf(reason, sizeof reason, "%zu lines, at most %lld allowed", seen.count, max);
    ks_answer(request, ks_json_write(KS_JSON({"score": %d, "passed": %i, "reason": %s}), passed, passed,
                                     status == KS_OK ? reason : "there is no such file"));
  } else {
    ks_answer_with(request, status, error, strlen(error));
  }
  free(error), free(question), free(path);
}

static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({
  "name": "c", "version": "1.0.0", "abi": 1, "concurrency": 4,
  "types": [{
    "point": "invariant", "type": "lines_at_most",
    "description": "A file has at most so many lines.",
    "parameters": {
      "type": "object", "additionalProperties": false, "required": ["path"],
      "properties": {
        "path": {"type": "string", "description": "The file, relative to the workspace."},
        "max": {"type": "integer", "minimum": 0, "default": 100, "description": "The largest number of lines."}
      }
    }
  }]
}))
