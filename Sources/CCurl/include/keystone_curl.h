// libcurl for Swift: Swift can call neither variadic functions nor read a union of libcurl's
// message, so both are wrapped here, once per type of argument. Nothing else belongs in this file.
#pragma once
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

// Whether libcurl is installed; loads it. Everything that makes a handle does the same.
bool keystone_curl_is_there(void);

CURLcode keystone_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode keystone_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
// The text is copied; null resets the option.
CURLcode keystone_curl_set_text(CURL *handle, CURLoption option, const char *value);
// Copies `size` bytes as the request's body.
CURLcode keystone_curl_set_body(CURL *handle, const void *bytes, size_t size);
// The bytes are copied.
CURLcode keystone_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t size);
// The list is borrowed and must outlive the transfer.
CURLcode keystone_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list);

// What is uploaded is read from the file, which is borrowed and must outlive the transfer.
CURLcode keystone_curl_set_upload(CURL *handle, FILE *file, curl_off_t size);

CURLcode keystone_curl_on_write(CURL *handle, curl_write_callback function, void *context);
CURLcode keystone_curl_on_header(CURL *handle, curl_write_callback function, void *context);
CURLcode keystone_curl_on_socket(CURL *handle, curl_opensocket_callback function, void *context);
CURLcode keystone_curl_on_request(CURL *handle, curl_prereq_callback function, void *context);

long keystone_curl_response_code(CURL *handle);
CURLMcode keystone_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

// The next finished transfer of `multi`, or null when there is none.
CURL *keystone_curl_next_finished(CURLM *multi, CURLcode *result);

// curl_url_get, whose type differs between versions of libcurl.
CURLUcode keystone_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags);

// The full address: the member `addr` is declared shorter than what lies there for IPv6.
const struct sockaddr *keystone_curl_address(const struct curl_sockaddr *address);
