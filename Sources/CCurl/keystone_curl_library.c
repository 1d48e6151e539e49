/*
 * libcurl, loaded when the first request is made. With it come two dozen libraries, 6 MB of memory and a fifth of the
 * time a start takes, which most runs have no use for.
 *
 * The functions below have the names and, since curl.h declares them, the types of libcurl's own. Without the library
 * those that make something return null or an error, and the others are not reached.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <pthread.h>

#include "keystone_curl_library.h"

struct keystone_curl_library keystone_curl_library;
static pthread_once_t loading = PTHREAD_ONCE_INIT;
static bool is_loaded;

static void load(void) {
  void *file = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  if (file == NULL) return;
  is_loaded = true;
#define FIND(name) \
  if ((keystone_curl_library.name = (__typeof__(name) *)dlsym(file, #name)) == NULL) is_loaded = false;
  KEYSTONE_CURL_FUNCTIONS(FIND)
}

bool keystone_curl_is_there(void) {
  pthread_once(&loading, load);
  return is_loaded;
}

#define LIBRARY keystone_curl_library

CURLcode curl_global_init(long flags) {
  return keystone_curl_is_there() ? LIBRARY.curl_global_init(flags) : CURLE_FAILED_INIT;
}
CURL *curl_easy_init(void) { return keystone_curl_is_there() ? LIBRARY.curl_easy_init() : NULL; }
CURLM *curl_multi_init(void) { return keystone_curl_is_there() ? LIBRARY.curl_multi_init() : NULL; }
CURLU *curl_url(void) { return keystone_curl_is_there() ? LIBRARY.curl_url() : NULL; }
struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text) {
  return keystone_curl_is_there() ? LIBRARY.curl_slist_append(list, text) : NULL;
}
void curl_slist_free_all(struct curl_slist *list) {
  if (list != NULL) LIBRARY.curl_slist_free_all(list);
}

void curl_free(void *text) { LIBRARY.curl_free(text); }
void curl_easy_cleanup(CURL *handle) { LIBRARY.curl_easy_cleanup(handle); }
const char *curl_easy_strerror(CURLcode code) { return LIBRARY.curl_easy_strerror(code); }
CURLMcode curl_multi_add_handle(CURLM *multi, CURL *handle) { return LIBRARY.curl_multi_add_handle(multi, handle); }
CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *handle) {
  return LIBRARY.curl_multi_remove_handle(multi, handle);
}
CURLMcode curl_multi_perform(CURLM *multi, int *running) { return LIBRARY.curl_multi_perform(multi, running); }
CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd extra[], unsigned int count, int milliseconds, int *ready) {
  return LIBRARY.curl_multi_poll(multi, extra, count, milliseconds, ready);
}
CURLMcode curl_multi_wakeup(CURLM *multi) { return LIBRARY.curl_multi_wakeup(multi); }
CURLMcode curl_multi_cleanup(CURLM *multi) { return LIBRARY.curl_multi_cleanup(multi); }
CURLMsg *curl_multi_info_read(CURLM *multi, int *left) { return LIBRARY.curl_multi_info_read(multi, left); }
CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
  return LIBRARY.curl_url_set(url, part, text, flags);
}
void curl_url_cleanup(CURLU *url) { LIBRARY.curl_url_cleanup(url); }
