#include "keystone_curl_library.h"

/* curl.h checks the types of arguments in macros of these names, which a call through a pointer passes by. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define set_option keystone_curl_library.curl_easy_setopt

CURLcode keystone_curl_set_long(CURL *handle, CURLoption option, long value) {
  return set_option(handle, option, value);
}

CURLcode keystone_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return set_option(handle, option, value);
}

CURLcode keystone_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return set_option(handle, option, value);
}

CURLcode keystone_curl_set_body(CURL *handle, const void *bytes, size_t size) {
  CURLcode code = set_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
  if (code != CURLE_OK) return code;
  return set_option(handle, CURLOPT_COPYPOSTFIELDS, size == 0 ? "" : (const char *)bytes);
}

CURLcode keystone_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t size) {
  struct curl_blob blob = {(void *)bytes, size, CURL_BLOB_COPY};
  return set_option(handle, option, &blob);
}

CURLcode keystone_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
  return set_option(handle, option, list);
}

CURLcode keystone_curl_set_upload(CURL *handle, FILE *file, curl_off_t size) {
  CURLcode code = set_option(handle, CURLOPT_UPLOAD, 1L);
  if (code == CURLE_OK) code = set_option(handle, CURLOPT_READDATA, file);
  return code != CURLE_OK ? code : set_option(handle, CURLOPT_INFILESIZE_LARGE, size);
}

CURLcode keystone_curl_on_write(CURL *handle, curl_write_callback function, void *context) {
  CURLcode code = set_option(handle, CURLOPT_WRITEFUNCTION, function);
  return code != CURLE_OK ? code : set_option(handle, CURLOPT_WRITEDATA, context);
}

CURLcode keystone_curl_on_header(CURL *handle, curl_write_callback function, void *context) {
  CURLcode code = set_option(handle, CURLOPT_HEADERFUNCTION, function);
  return code != CURLE_OK ? code : set_option(handle, CURLOPT_HEADERDATA, context);
}

CURLcode keystone_curl_on_socket(CURL *handle, curl_opensocket_callback function, void *context) {
  CURLcode code = set_option(handle, CURLOPT_OPENSOCKETFUNCTION, function);
  return code != CURLE_OK ? code : set_option(handle, CURLOPT_OPENSOCKETDATA, context);
}

CURLcode keystone_curl_on_request(CURL *handle, curl_prereq_callback function, void *context) {
  CURLcode code = set_option(handle, CURLOPT_PREREQFUNCTION, function);
  return code != CURLE_OK ? code : set_option(handle, CURLOPT_PREREQDATA, context);
}

long keystone_curl_response_code(CURL *handle) {
  long code = 0;
  return keystone_curl_library.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK ? code : 0;
}

CURLMcode keystone_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return keystone_curl_library.curl_multi_setopt(multi, option, value);
}

CURL *keystone_curl_next_finished(CURLM *multi, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
  return NULL;
}

CURLUcode keystone_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
  return keystone_curl_library.curl_url_get(url, part, text, flags);
}

const struct sockaddr *keystone_curl_address(const struct curl_sockaddr *address) {
  return &address->addr;
}
