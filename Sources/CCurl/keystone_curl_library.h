/* What is used of libcurl, as found in the library. */
#pragma once
#include <curl/curl.h>
#include <stdbool.h>

#include "keystone_curl.h"

#define KEYSTONE_CURL_FUNCTIONS(EACH)                                                                              \
  EACH(curl_global_init) EACH(curl_free) EACH(curl_slist_append) EACH(curl_slist_free_all) EACH(curl_easy_init)    \
  EACH(curl_easy_setopt) EACH(curl_easy_getinfo) EACH(curl_easy_strerror) EACH(curl_easy_cleanup)                  \
  EACH(curl_multi_init) EACH(curl_multi_setopt) EACH(curl_multi_add_handle) EACH(curl_multi_remove_handle)         \
  EACH(curl_multi_perform) EACH(curl_multi_poll) EACH(curl_multi_wakeup) EACH(curl_multi_info_read)                \
  EACH(curl_multi_cleanup) EACH(curl_url) EACH(curl_url_set) EACH(curl_url_get) EACH(curl_url_cleanup)

/* Filled once by keystone_curl_is_there(), before anything here can have a handle to use it with. */
struct keystone_curl_library {
#define KEYSTONE_CURL_MEMBER(name) __typeof__(name) *name;
  KEYSTONE_CURL_FUNCTIONS(KEYSTONE_CURL_MEMBER)
};
extern struct keystone_curl_library keystone_curl_library __attribute__((visibility("hidden")));
