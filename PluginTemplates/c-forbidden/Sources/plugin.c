/* A forbidden rule in plain C: the agent removes no file below a folder. */
#include <keystone_plugin_easy.h>

/* What was found so far, and the rest of a line that has not come as a whole. */
typedef struct search {
  const char *folder;
  ks_text line, violations;
} search;

static void look_at(search *found, ks_bytes change) {
  char *path = ks_json_string(change, "path"), *kind = ks_json_string(change, "kind");
  if (path != NULL && kind != NULL && strcmp(kind, "removed") == 0 &&
      strncmp(path, found->folder, strlen(found->folder)) == 0) {
    ks_text message = {0};
    ks_text_add(&message, "the agent removed ", 18);
    ks_text_add(&message, path, strlen(path));
    char *violation = ks_json_write(KS_JSON({"message": %s}), message.data);
    if (found->violations.size > 0) ks_text_add(&found->violations, ",", 1);
    ks_text_add(&found->violations, violation, strlen(violation));
    free(violation), free(message.data);
  }
  free(path), free(kind);
}

/* The changes come as one JSON document per line, in frames that end anywhere. */
static void take(void *context, const uint8_t *bytes, size_t size) {
  search *found = context;
  for (size_t at = 0; at < size; at++) {
    if (bytes[at] != '\n') {
      ks_text_add(&found->line, bytes + at, 1);
      continue;
    }
    look_at(found, (ks_bytes){(const uint8_t *)found->line.data, found->line.size});
    found->line.size = 0;
  }
}

/* Called on a thread that may block; answers exactly once. */
static void evaluate(ks_request *request) {
  char *folder = ks_json_string(request->body, "parameters.folder"), *error;
  search found = {.folder = folder == NULL ? "" : folder};
  uint32_t status = ks_call_reading(request, "keystone.host/1.changes", "{}", 1, take, &found, &error);
  if (status == KS_OK) {
    ks_text answer = {0};
    ks_text_add(&answer, "{\"violations\": [", 16);
    if (found.violations.size > 0) ks_text_add(&answer, found.violations.data, found.violations.size);
    ks_text_add(&answer, "]}", 2);
    ks_answer(request, answer.data);
  } else {
    ks_answer_with(request, status, error, strlen(error)); /* could not be evaluated: counts as violated */
  }
  free(error), free(found.line.data), free(found.violations.data), free(folder);
}

static const ks_method methods[] = {{"keystone.forbidden/1.evaluate", evaluate}, {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({
  "name": "example-name", "version": "0.1.0", "abi": 1, "concurrency": 4,
  "types": [{
    "point": "forbidden", "type": "example_name", "sources": ["file_changes"],
    "description": "Forbids that the agent removes files below a folder.",
    "parameters": {
      "type": "object", "additionalProperties": false, "required": ["folder"],
      "properties": {
        "folder": {"type": "string", "description": "How the paths begin, relative to the workspace.", "examples": ["src/"]}
      }
    }
  }]
}))
