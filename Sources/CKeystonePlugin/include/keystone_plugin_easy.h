/*
 * keystone_plugin_easy.h - a plugin in plain C, with functions that block.
 *
 * A plugin is one table of methods and one descriptor:
 *
 *   #include "keystone_plugin_easy.h"
 *
 *   static void evaluate(ks_request *request) {
 *     char *path = ks_json_string(request->body, "parameters.path");
 *     ...
 *     ks_answer(request, ks_json_write(KS_JSON({"score": %g, "reason": %s}), 1.0, "all is well"));
 *     free(path);
 *   }
 *
 *   static const ks_method methods[] = {{"keystone.invariant/1.evaluate", evaluate}, {NULL, NULL}};
 *   KS_PLUGIN(methods, KS_JSON({"name": "acme", "version": "1.0.0", ...}))
 *
 *   cc -std=c11 -O2 -shared -fPIC -fvisibility=hidden -o acme.so acme.c
 *
 * Include it in one file of the plugin. A method runs on the thread on which the host made the call, and
 * as many run at once as the descriptor's `concurrency` says; it ends with ks_answer or ks_fail. Calls of
 * the host that it makes meanwhile block it, and return KS_CANCELLED once the host has cancelled it.
 *
 * The messages are described in docs/boundary.md; the functions behind all this in keystone_plugin.h.
 */
#ifndef KEYSTONE_PLUGIN_EASY_H
#define KEYSTONE_PLUGIN_EASY_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keystone_plugin.h"

#ifdef __GNUC__
#define KS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define KS_EXPORT __attribute__((visibility("default")))
#else
#define KS_PRINTF(text, first)
#define KS_EXPORT
#endif

/* JSON written as it is, without quoting it for C. */
#define KS_JSON(...) #__VA_ARGS__

/* ---- Text that grows -------------------------------------------------------------------------------- */

/* Begin with {0}; `data` ends with a 0 that `size` does not count, and is freed by its owner. */
typedef struct ks_text {
  char *data;
  size_t size, room;
} ks_text;

static inline void ks_text_add(ks_text *text, const void *bytes, size_t size) {
  if (text->size + size + 1 > text->room) {
    size_t room = (text->size + size + 1) * 2;
    char *data = (char *)realloc(text->data, room);
    if (data == NULL) abort(); /* the process is the plugin's own: the host reports the end of it */
    text->data = data;
    text->room = room;
  }
  if (size > 0) memcpy(text->data + text->size, bytes, size);
  text->size += size;
  text->data[text->size] = 0;
}

/* Adds a JSON string: quoted and escaped. NULL becomes null. Bytes that are not UTF-8 go through as they are. */
static inline void ks_text_add_json(ks_text *text, const char *string) {
  if (string == NULL) {
    ks_text_add(text, "null", 4);
    return;
  }
  ks_text_add(text, "\"", 1);
  for (; *string != 0; string++) {
    unsigned char byte = (unsigned char)*string;
    char escape[8] = {'\\', (char)byte, 0};
    size_t size = 2;
    if (byte < 0x20) size = (size_t)snprintf(escape, sizeof escape, "\\u%04x", byte);
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      ks_text_add(text, string, 1);
    } else {
      ks_text_add(text, escape, size);
    }
  }
  ks_text_add(text, "\"", 1);
}

static inline void ks_text_add_number(ks_text *text, double number) {
  char digits[40];
  int size = snprintf(digits, sizeof digits, "%.17g", number);
  bool finite = number - number == 0;
  ks_text_add(text, finite ? digits : "null", finite ? (size_t)size : 4);
}

static inline void ks_text_add_integer(ks_text *text, long long number) {
  char digits[24];
  ks_text_add(text, digits, (size_t)snprintf(digits, sizeof digits, "%lld", number));
}

/* Handles one conversion of ks_json_write; returns the character after it. */
static inline const char *ks_text_add_one(ks_text *text, const char *format, va_list *values) {
  if (*format == '%') {
    ks_text_add(text, "%", 1);
  } else if (*format == 's') {
    ks_text_add_json(text, va_arg(*values, const char *));
  } else if (*format == 'g' || *format == 'f') {
    ks_text_add_number(text, va_arg(*values, double));
  } else if (*format == 'd') {
    ks_text_add_integer(text, va_arg(*values, int));
  } else if (*format == 'i') {
    bool truth = va_arg(*values, int) != 0;
    ks_text_add(text, truth ? "true" : "false", truth ? 4 : 5);
  } else if (strncmp(format, "zu", 2) == 0) {
    ks_text_add_integer(text, (long long)va_arg(*values, size_t));
    format++;
  } else if (strncmp(format, "lld", 3) == 0) {
    ks_text_add_integer(text, va_arg(*values, long long));
    format += 2;
  }
  return *format == 0 ? format : format + 1;
}

/*
 * JSON from a format whose conversions are values: %s a string, which is quoted and escaped here (NULL
 * becomes null), %g a number, %d %lld %zu an integer, %i a truth value (false when 0), %% a percent sign.
 * The result belongs to the caller.
 */
KS_PRINTF(1, 2) static inline char *ks_json_write(const char *format, ...) {
  ks_text text = {NULL, 0, 0};
  va_list values;
  va_start(values, format);
  while (*format != 0) {
    size_t plain = strcspn(format, "%");
    ks_text_add(&text, format, plain);
    format += plain;
    if (*format == '%') format = ks_text_add_one(&text, format + 1, &values);
  }
  va_end(values);
  return text.data;
}

/* ---- Reading JSON ----------------------------------------------------------------------------------- */

/* The readers take what they are given: text that is no JSON has no members. Deeper than this is no JSON. */
#define KS_JSON_DEPTH 64

static inline const char *ks_json_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

/* The end of the string that begins at `at`, or NULL. */
static inline const char *ks_json_string_end(const char *at, const char *end) {
  for (at++; at < end; at++) {
    if (*at == '"') return at + 1;
    if (*at == '\\') at++;
  }
  return NULL;
}

/* The end of the value that begins at `at`, or NULL. */
static inline const char *ks_json_value_end(const char *at, const char *end, int depth) {
  if (at == NULL || at >= end || depth > KS_JSON_DEPTH) return NULL;
  if (*at == '"') return ks_json_string_end(at, end);
  if (*at != '{' && *at != '[') {
    const char *begin = at;
    while (at < end && strchr(",]} \t\r\n", *at) == NULL) at++;
    return at > begin ? at : NULL;
  }
  char close = *at == '{' ? '}' : ']';
  at = ks_json_space(at + 1, end);
  while (at != NULL && at < end && *at != close) {
    if (close == '}') {
      at = *at == '"' ? ks_json_string_end(at, end) : NULL;
      if (at != NULL) at = ks_json_space(at, end);
      at = at != NULL && at < end && *at == ':' ? ks_json_space(at + 1, end) : NULL;
    }
    at = ks_json_value_end(at, end, depth + 1);
    if (at != NULL) at = ks_json_space(at, end);
    if (at != NULL && at < end && *at == ',') at = ks_json_space(at + 1, end);
  }
  return at != NULL && at < end ? at + 1 : NULL;
}

/* The member of an object, or the element of an array, that `name` names; {NULL, 0} when there is none. */
static inline ks_bytes ks_json_member(ks_bytes json, const char *name, size_t name_size) {
  ks_bytes none = {NULL, 0};
  if (json.size == 0) return none;
  const char *at = (const char *)json.data, *end = at + json.size;
  at = ks_json_space(at, end);
  bool object = at < end && *at == '{';
  if (!object && (at == end || *at != '[')) return none;
  size_t wanted = object ? 0 : (size_t)strtoul(name, NULL, 10), index = 0;
  at = ks_json_space(at + 1, end);
  while (at < end && *at != '}' && *at != ']') {
    bool found = !object && index++ == wanted;
    if (object) {
      const char *key = at, *key_end = *at == '"' ? ks_json_string_end(at, end) : NULL;
      if (key_end == NULL) return none;
      found = (size_t)(key_end - key) == name_size + 2 && memcmp(key + 1, name, name_size) == 0;
      at = ks_json_space(key_end, end);
      if (at == end || *at != ':') return none;
      at = ks_json_space(at + 1, end);
    }
    const char *value = at;
    at = ks_json_value_end(at, end, 1);
    if (at == NULL) return none;
    if (found) return (ks_bytes){(const uint8_t *)value, (size_t)(at - value)};
    at = ks_json_space(at, end);
    if (at < end && *at == ',') at = ks_json_space(at + 1, end);
  }
  return none;
}

/* The value at a path like "parameters.paths.0"; {NULL, 0} when there is none. It lies inside `json`. */
static inline ks_bytes ks_json_find(ks_bytes json, const char *path) {
  while (json.data != NULL && *path != 0) {
    size_t size = strcspn(path, ".");
    json = ks_json_member(json, path, size);
    path += size;
    if (*path == '.') path++;
  }
  return json;
}

static inline bool ks_json_hex(const char *at, const char *end, unsigned *code) {
  char digits[5] = {0}, *stop;
  if (end - at < 4) return false;
  memcpy(digits, at, 4);
  *code = (unsigned)strtoul(digits, &stop, 16);
  return stop == digits + 4;
}

static inline void ks_text_add_code(ks_text *text, unsigned code) {
  char bytes[4];
  size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = size; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3F));
  bytes[0] = (char)(lead[size] | code);
  ks_text_add(text, bytes, size);
}

/* Adds what the escape after a backslash means; returns the character after it. */
static inline const char *ks_text_add_escape(ks_text *text, const char *at, const char *end) {
  static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
  const char *letter = strchr(letters, *at);
  unsigned code = 0, low = 0;
  if (letter != NULL && *letter != 0) {
    ks_text_add(text, meanings + (letter - letters), 1);
  } else if (*at == 'u' && ks_json_hex(at + 1, end, &code)) {
    at += 4;
    bool pair = code >= 0xD800 && code < 0xDC00 && end - at > 6 && at[1] == '\\' && at[2] == 'u';
    if (pair && ks_json_hex(at + 3, end, &low) && low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at += 6;
    }
    ks_text_add_code(text, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  } else {
    ks_text_add(text, at, 1);
  }
  return at + 1;
}

/* The string at `path`, unescaped; NULL when there is none. It belongs to the caller. */
static inline char *ks_json_string(ks_bytes json, const char *path) {
  ks_bytes value = ks_json_find(json, path);
  if (value.size < 2 || value.data[0] != '"') return NULL;
  const char *at = (const char *)value.data + 1, *end = (const char *)value.data + value.size - 1;
  ks_text text = {NULL, 0, 0};
  ks_text_add(&text, "", 0);
  while (at < end) {
    if (*at == '\\' && at + 1 < end) {
      at = ks_text_add_escape(&text, at + 1, end);
    } else {
      ks_text_add(&text, at++, 1);
    }
  }
  return text.data;
}

/* The number at `path`, also one that stands in a string; `otherwise` when there is none. */
static inline double ks_json_number(ks_bytes json, const char *path, double otherwise) {
  ks_bytes value = ks_json_find(json, path);
  char digits[64], *stop;
  if (value.size >= 2 && value.data[0] == '"') value = (ks_bytes){value.data + 1, value.size - 2};
  if (value.size == 0 || value.size >= sizeof digits) return otherwise;
  memcpy(digits, value.data, value.size);
  digits[value.size] = 0;
  double number = strtod(digits, &stop);
  return *stop == 0 ? number : otherwise;
}

/* The whole number at `path`, also one that stands in a string; `otherwise` when there is none. */
static inline long long ks_json_integer(ks_bytes json, const char *path, long long otherwise) {
  ks_bytes value = ks_json_find(json, path);
  char digits[32], *stop;
  if (value.size >= 2 && value.data[0] == '"') value = (ks_bytes){value.data + 1, value.size - 2};
  if (value.size == 0 || value.size >= sizeof digits) return otherwise;
  memcpy(digits, value.data, value.size);
  digits[value.size] = 0;
  long long number = strtoll(digits, &stop, 10);
  return *stop == 0 ? number : otherwise;
}

/* The truth value at `path`; `otherwise` when there is none. */
static inline bool ks_json_bool(ks_bytes json, const char *path, bool otherwise) {
  ks_bytes value = ks_json_find(json, path);
  if (value.size == 4 && memcmp(value.data, "true", 4) == 0) return true;
  if (value.size == 5 && memcmp(value.data, "false", 5) == 0) return false;
  return otherwise;
}

/* ---- Being called ----------------------------------------------------------------------------------- */

/* One call of the host, while the method that serves it runs. */
typedef struct ks_request {
  ks_call id;
  ks_bytes method, body;
  int64_t budget_ms; /* what was left when the call was made; -1 means no limit */
  atomic_bool cancelled;
  bool answered;
  struct ks_request *next;
} ks_request;

typedef void (*ks_function)(ks_request *request);

/* A row of the table of methods; the last one is {NULL, NULL}. */
typedef struct ks_method {
  const char *name;
  ks_function function;
} ks_method;

/* What the host has sent on the channel of a call, and nobody has taken yet. */
typedef struct ks_frame {
  struct ks_frame *next;
  size_t size;
  uint8_t bytes[];
} ks_frame;

/* One call of ours that has not ended. */
typedef struct ks_waiter {
  ks_call id;
  pthread_cond_t changed;
  uint32_t channel, status;
  bool ended;
  ks_text body;
  ks_frame *first, **last;
  struct ks_waiter *next;
} ks_waiter;

static struct {
  const ks_peer *host;
  const ks_method *methods;
  const char *descriptor;
  pthread_mutex_t lock;
  ks_request *requests;
  ks_waiter *waiters;
  ks_call last_call;
} ks_easy = {NULL, NULL, NULL, PTHREAD_MUTEX_INITIALIZER, NULL, NULL, 0};

static inline void ks_answer_with(ks_request *request, uint32_t status, const char *body, size_t size) {
  if (request->answered) return;
  request->answered = true;
  ks_easy.host->reply(ks_easy.host->self, request->id, status, (ks_bytes){(const uint8_t *)body, size});
}

/* Ends the call with its result, which is freed here: what ks_json_write made. */
static inline void ks_answer(ks_request *request, char *body) {
  ks_answer_with(request, KS_OK, body, body == NULL ? 0 : strlen(body));
  free(body);
}

static inline const char *ks_status_code(uint32_t status) {
  static const char *const codes[] = {"ok",        "invalid",   "unsupported", "unavailable", "not_found",
                                      "denied",    "cancelled", "deadline",    "exhausted",   "internal"};
  return codes[status <= KS_INTERNAL ? status : KS_INTERNAL];
}

/* Ends the call without a result. The message is one sentence that says what to do. */
KS_PRINTF(3, 4) static inline void ks_fail(ks_request *request, uint32_t status, const char *format, ...) {
  char message[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  char *body = ks_json_write(KS_JSON({"code": %s, "message": %s}), ks_status_code(status), message);
  ks_answer_with(request, status, body, strlen(body));
  free(body);
}

/* True once the host no longer wants the result; a method that computes for long looks now and then. */
static inline bool ks_cancelled(ks_request *request) { return atomic_load(&request->cancelled); }

/* ---- Calling the host ------------------------------------------------------------------------------- */

/* Takes one frame of a channel; runs on the thread that waits for the call. */
typedef void (*ks_taker)(void *context, const uint8_t *bytes, size_t size);

/* How much the host may send ahead of what was taken. */
#define KS_EASY_WINDOW (256u << 10)

static inline void ks_easy_take(ks_waiter *waiter, ks_taker taker, void *context) {
  ks_frame *frame = waiter->first;
  waiter->first = frame->next;
  if (waiter->first == NULL) waiter->last = &waiter->first;
  bool more = !waiter->ended;
  pthread_mutex_unlock(&ks_easy.lock);
  if (taker != NULL) taker(context, frame->bytes, frame->size);
  if (more) ks_easy.host->credit(ks_easy.host->self, waiter->id, waiter->channel, frame->size);
  free(frame);
  pthread_mutex_lock(&ks_easy.lock);
}

static inline void ks_easy_forget(ks_waiter *waiter) {
  ks_waiter **at = &ks_easy.waiters;
  while (*at != waiter) at = &(*at)->next;
  *at = waiter->next;
}

/*
 * Calls the host on behalf of `request` and waits for the end, handing each frame that comes on `channel`
 * to `taker`. Returns the status. *result, if asked for, is the body with a 0 after it, for the caller to
 * free: the result, or for a status other than KS_OK the error object.
 */
static inline uint32_t ks_call_reading(ks_request *request, const char *method, const char *body, uint32_t channel,
                                       ks_taker taker, void *context, char **result) {
  ks_waiter waiter = {.channel = channel};
  waiter.last = &waiter.first;
  pthread_cond_init(&waiter.changed, NULL);
  pthread_mutex_lock(&ks_easy.lock);
  waiter.id = KS_CALL_FROM_PLUGIN | ++ks_easy.last_call;
  waiter.next = ks_easy.waiters;
  ks_easy.waiters = &waiter;
  pthread_mutex_unlock(&ks_easy.lock);

  const ks_peer *host = ks_easy.host;
  ks_bytes name = {(const uint8_t *)method, strlen(method)}, text = {(const uint8_t *)body, strlen(body)};
  host->call(host->self, waiter.id, name, text, -1, request == NULL ? 0 : request->id);
  if (taker != NULL) host->credit(host->self, waiter.id, channel, KS_EASY_WINDOW);

  pthread_mutex_lock(&ks_easy.lock);
  while (!waiter.ended || waiter.first != NULL) {
    if (waiter.first != NULL) {
      ks_easy_take(&waiter, taker, context);
    } else {
      pthread_cond_wait(&waiter.changed, &ks_easy.lock);
    }
  }
  ks_easy_forget(&waiter);
  pthread_mutex_unlock(&ks_easy.lock);
  pthread_cond_destroy(&waiter.changed);
  if (result == NULL) {
    free(waiter.body.data);
  } else {
    *result = waiter.body.data;
  }
  return waiter.status;
}

/* The same for a method that answers with its body alone. */
static inline uint32_t ks_call_host(ks_request *request, const char *method, const char *body, char **result) {
  return ks_call_reading(request, method, body, 0, NULL, NULL, result);
}

/* Writes a line to the host's log without waiting: `level` is debug, info, warning or error. */
KS_PRINTF(3, 4) static inline void ks_log(ks_request *request, const char *level, const char *format, ...) {
  char message[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  char *body = ks_json_write(KS_JSON({"level": %s, "message": %s, "values": {}}), level, message);
  pthread_mutex_lock(&ks_easy.lock);
  ks_call id = KS_CALL_FROM_PLUGIN | ++ks_easy.last_call;
  pthread_mutex_unlock(&ks_easy.lock);
  static const char method[] = "keystone.host/1.log";
  ks_easy.host->call(ks_easy.host->self, id, (ks_bytes){(const uint8_t *)method, sizeof method - 1},
                     (ks_bytes){(const uint8_t *)body, strlen(body)}, -1, request == NULL ? 0 : request->id);
  free(body);
}

/* A taker that collects everything in a ks_text. */
static inline void ks_text_take(void *context, const uint8_t *bytes, size_t size) {
  ks_text_add((ks_text *)context, bytes, size);
}

/* ---- The plugin's table ----------------------------------------------------------------------------- */

/* The methods that every plugin has; a row of the plugin's own table goes before these. */
static inline void ks_easy_describe(ks_request *request) {
  ks_answer_with(request, KS_OK, ks_easy.descriptor, strlen(ks_easy.descriptor));
}

static inline void ks_easy_accept(ks_request *request) { ks_answer_with(request, KS_OK, "{}", 2); }

static inline ks_function ks_easy_function(const ks_method *methods, ks_bytes name) {
  for (; methods->name != NULL; methods++) {
    if (strlen(methods->name) == name.size && memcmp(methods->name, name.data, name.size) == 0) {
      return methods->function;
    }
  }
  return NULL;
}

static inline void ks_easy_received_call(void *self, ks_call id, ks_bytes method, ks_bytes body, int64_t budget_ms,
                                         ks_call parent) {
  static const ks_method usual[] = {
      {"keystone.plugin/1.describe", ks_easy_describe}, {"keystone.plugin/1.configure", ks_easy_accept}, {NULL, NULL}};
  (void)self, (void)parent;
  ks_request request = {.id = id, .method = method, .body = body, .budget_ms = budget_ms};
  pthread_mutex_lock(&ks_easy.lock);
  request.next = ks_easy.requests;
  ks_easy.requests = &request;
  pthread_mutex_unlock(&ks_easy.lock);

  ks_function function = ks_easy_function(ks_easy.methods, method);
  if (function == NULL) function = ks_easy_function(usual, method);
  if (function != NULL) {
    function(&request);
    ks_fail(&request, KS_INTERNAL, "The method ended without an answer; this is a defect of the plugin.");
  } else {
    ks_fail(&request, KS_UNSUPPORTED, "This plugin does not have the method %.*s.", (int)method.size,
            (const char *)method.data);
  }

  pthread_mutex_lock(&ks_easy.lock);
  ks_request **at = &ks_easy.requests;
  while (*at != &request) at = &(*at)->next;
  *at = request.next;
  pthread_mutex_unlock(&ks_easy.lock);
}

/* The waiter of a call of ours, or NULL; called with the lock held. */
static inline ks_waiter *ks_easy_waiter(ks_call id) {
  ks_waiter *waiter = ks_easy.waiters;
  while (waiter != NULL && (waiter->id != id || waiter->ended)) waiter = waiter->next;
  return waiter;
}

static inline void ks_easy_received_send(void *self, ks_call id, uint32_t channel, ks_bytes bytes, uint32_t flags) {
  (void)self, (void)flags;
  pthread_mutex_lock(&ks_easy.lock);
  ks_waiter *waiter = ks_easy_waiter(id);
  ks_frame *frame = NULL;
  if (waiter != NULL && waiter->channel == channel && bytes.size > 0) {
    frame = (ks_frame *)malloc(sizeof(ks_frame) + bytes.size);
    if (frame == NULL) abort();
    frame->next = NULL;
    frame->size = bytes.size;
    memcpy(frame->bytes, bytes.data, bytes.size);
    *waiter->last = frame;
    waiter->last = &frame->next;
    pthread_cond_signal(&waiter->changed);
  }
  pthread_mutex_unlock(&ks_easy.lock);
}

/* No method of these plugins sends on a channel, so that nothing waits for credit. */
static inline void ks_easy_received_credit(void *self, ks_call id, uint32_t channel, uint64_t bytes) {
  (void)self, (void)id, (void)channel, (void)bytes;
}

static inline void ks_easy_received_cancel(void *self, ks_call id, uint32_t reason) {
  (void)self, (void)reason;
  pthread_mutex_lock(&ks_easy.lock);
  for (ks_request *request = ks_easy.requests; request != NULL; request = request->next) {
    if (request->id == id) atomic_store(&request->cancelled, true);
  }
  pthread_mutex_unlock(&ks_easy.lock);
}

static inline void ks_easy_received_reply(void *self, ks_call id, uint32_t status, ks_bytes body) {
  (void)self;
  pthread_mutex_lock(&ks_easy.lock);
  ks_waiter *waiter = ks_easy_waiter(id);
  if (waiter != NULL) {
    ks_text_add(&waiter->body, body.data, body.size);
    waiter->status = status <= KS_INTERNAL ? status : KS_INTERNAL;
    waiter->ended = true;
    pthread_cond_signal(&waiter->changed);
  }
  pthread_mutex_unlock(&ks_easy.lock);
}

/* The whole plugin: its table of methods and its descriptor. Stands once, outside of any function. */
#define KS_PLUGIN(plugin_methods, plugin_descriptor)                                                                \
  KS_EXPORT const ks_peer *keystone_plugin_1(const ks_peer *host) {                                                 \
    static const ks_peer table = {sizeof(ks_peer),         KS_ABI_VERSION,          NULL,                           \
                                  ks_easy_received_call,   ks_easy_received_send,   ks_easy_received_credit,        \
                                  ks_easy_received_cancel, ks_easy_received_reply};                                 \
    if (host->version != KS_ABI_VERSION || host->size < sizeof(ks_peer)) return NULL;                               \
    ks_easy.host = host;                                                                                            \
    ks_easy.methods = plugin_methods;                                                                               \
    ks_easy.descriptor = plugin_descriptor;                                                                         \
    return &table;                                                                                                  \
  }

#endif
