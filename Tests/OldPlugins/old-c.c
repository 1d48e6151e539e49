/* A check in plain C: a file of the sandbox is not larger than so many bytes. */
#include <keystone_plugin_easy.h>

/* Called on a thread that may block; answers exactly once. */
static void evaluate(ks_request *request) {
  char *path = ks_json_string(request->body, "parameters.path");
  long long max = ks_json_integer(request->body, "parameters.max", 4096);
  char *question = ks_json_write(KS_JSON({"path": %s}), path);
  char *answer;
  /* The host knows from `request` which sandbox is meant. */
  uint32_t status = ks_call_host(request, "keystone.host/1.stat", question, &answer);
  if (status == KS_OK) {
    ks_bytes status_of_file = {(const uint8_t *)answer, strlen(answer)};
    long long size = ks_json_integer(status_of_file, "size", 0);
    char reason[96];
    snprintf(reason, sizeof reason, "%lld bytes, at most %lld allowed", size, max);
    ks_answer(request, ks_json_write(KS_JSON({"score": %d, "passed": %i, "reason": %s}), size <= max, size <= max, reason));
  } else if (status == KS_NOT_FOUND) {
    ks_answer(request, ks_json_write(KS_JSON({"score": 0, "passed": false, "reason": "there is no such file"})));
  } else {
    ks_answer_with(request, status, answer, strlen(answer)); /* could not judge: the scenario is an error */
  }
  free(answer), free(question), free(path);
}

static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({
  "name": "old-c", "version": "1.0.0", "abi": 1, "concurrency": 4,
  "types": [{
    "point": "invariant", "type": "old_c",
    "description": "Checks that a file is not larger than so many bytes.",
    "parameters": {
      "type": "object", "additionalProperties": false, "required": ["path"],
      "properties": {
        "path": {"type": "string", "description": "The file, relative to the workspace.", "examples": ["notes.txt"]},
        "max": {"type": "integer", "minimum": 0, "default": 4096, "description": "The largest size in bytes."}
      }
    }
  }]
}))
