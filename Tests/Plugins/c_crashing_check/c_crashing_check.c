/* A check that does what its parameter `fault` says: each must cost its own scenario a verdict and nobody else anything. */
#include "keystone_plugin_easy.h"

#include <unistd.h>

static void hang(void) {
  for (;;) pause();
}

static void evaluate(ks_request *request) {
  char *fault = ks_json_string(request->body, "parameters.fault");
  if (fault == NULL || strcmp(fault, "none") == 0) {
    ks_answer(request, ks_json_write(KS_JSON({"score": 1, "passed": true, "reason": "no fault"})));
  } else if (strcmp(fault, "crash") == 0) {
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
  } else if (strcmp(fault, "trap") == 0) {
    fputs("crashing_check/Evaluate.swift:12: Fatal error: Index out of range\n", stderr);
    __builtin_trap();
  } else if (strcmp(fault, "exit") == 0) {
    exit(3);
  } else if (strcmp(fault, "hang") == 0) {
    hang();
  } else if (strcmp(fault, "score") == 0) {
    ks_answer(request, ks_json_write(KS_JSON({"score": 7, "passed": true, "reason": "too much"})));
  } else {
    const char *garbage = "{\"score\": \xff,,";
    ks_answer_with(request, KS_OK, garbage, strlen(garbage));
  }
  free(fault);
}

static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};

KS_PLUGIN(methods, KS_JSON({
  "name": "crashing", "version": "1.2.3", "abi": 1, "concurrency": 4,
  "types": [{
    "point": "invariant", "type": "crashing_check",
    "description": "Does what its parameter says.",
    "parameters": {
      "type": "object", "additionalProperties": false,
      "properties": {"fault": {"type": "string", "description": "What goes wrong."}}
    }
  }]
}))
