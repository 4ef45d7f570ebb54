/*
 * A GET through libcurl's easy interface.
 *
 * SPDX-License-Identifier: MIT
 */
#include "transfers.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialised = CURLE_FAILED_INIT;

/* Not safe to be called by two threads at once in older versions. */
static void initialise(void) { initialised = curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t on_header(char *bytes, size_t size, size_t count, void *pointer) {
  const transfer_receiver *receiver = pointer;
  size_t length = size * count;
  size_t text = length;
  while (text > 0 && (bytes[text - 1] == '\n' || bytes[text - 1] == '\r')) text--;
  return receiver->header(receiver->context, bytes, text) == 0 ? length : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *pointer) {
  const transfer_receiver *receiver = pointer;
  size_t length = size * count;
  if (length == 0) return 0;
  return receiver->body(receiver->context, (const uint8_t *)bytes, length) == 0 ? length : 0;
}

static int on_progress(void *pointer, curl_off_t download_total, curl_off_t downloaded,
                       curl_off_t upload_total, curl_off_t uploaded) {
  const transfer_receiver *receiver = pointer;
  (void)download_total;
  (void)downloaded;
  (void)upload_total;
  (void)uploaded;
  return receiver->is_stopped(receiver->context);
}

static transfer_end end_of(CURLcode code) {
  switch (code) {
    case CURLE_OK: return TRANSFER_DONE;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return TRANSFER_STOPPED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return TRANSFER_NO_HOST;
    case CURLE_COULDNT_CONNECT: return TRANSFER_NO_CONNECTION;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return TRANSFER_BROKEN;
    case CURLE_OPERATION_TIMEDOUT: return TRANSFER_STALLED;
    case CURLE_TOO_MANY_REDIRECTS: return TRANSFER_CIRCLE;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return TRANSFER_ADDRESS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return TRANSFER_CERTIFICATE;
    default: return TRANSFER_FAILED;
  }
}

static int is_secure(const char *address) {
  return curl_strnequal(address, "https:", strlen("https:"));
}

/* Remembers the first option that this libcurl does not take. */
#define SET(option, value)                                        \
  do {                                                            \
    CURLcode set = curl_easy_setopt(handle, option, value);       \
    if (set != CURLE_OK && code == CURLE_OK) code = set;          \
  } while (0)

static CURLcode configure(CURL *handle, const transfer_request *request,
                          const transfer_receiver *receiver, const struct curl_slist *headers) {
  CURLcode code = CURLE_OK;
  char range[32];

  SET(CURLOPT_URL, request->address);
  SET(CURLOPT_USERAGENT, request->agent);
  SET(CURLOPT_NOSIGNAL, 1L);
  if (request->proxy != NULL) SET(CURLOPT_PROXY, request->proxy);

  SET(CURLOPT_FOLLOWLOCATION, 1L);
  SET(CURLOPT_MAXREDIRS, 10L);
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_REDIR_PROTOCOLS_STR, is_secure(request->address) ? "https" : "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  SET(CURLOPT_REDIR_PROTOCOLS, is_secure(request->address)
                                   ? (long)CURLPROTO_HTTPS
                                   : (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);

  SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
  SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET(CURLOPT_LOW_SPEED_TIME, request->stall_seconds);

  if (request->first_byte > 0) {
    snprintf(range, sizeof range, "%lld-", (long long)request->first_byte);
    SET(CURLOPT_RANGE, range); /* copied */
  }
  SET(CURLOPT_HTTPHEADER, headers);

  /* A proxy's own answers are none of the server's. */
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, receiver);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, receiver);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, on_progress);
  SET(CURLOPT_XFERINFODATA, receiver);
  SET(CURLOPT_BUFFERSIZE, 256L * 1024);
  return code;
}

static struct curl_slist *headers_of(const transfer_request *request) {
  char line[512];
  if (request->first_byte <= 0 || request->validator == NULL) return NULL;
  snprintf(line, sizeof line, "If-Range: %s", request->validator);
  return curl_slist_append(NULL, line);
}

transfer_end transfer_perform(const transfer_request *request, const transfer_receiver *receiver,
                              char *message) {
  char reason[CURL_ERROR_SIZE] = "";
  struct curl_slist *headers;
  CURLcode code;
  CURL *handle;

  message[0] = 0;
  pthread_once(&once, initialise);
  handle = initialised == CURLE_OK ? curl_easy_init() : NULL;
  if (handle == NULL) {
    snprintf(message, TRANSFER_MESSAGE_CAPACITY, "libcurl cannot be started");
    return TRANSFER_FAILED;
  }
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
  headers = headers_of(request);
  code = configure(handle, request, receiver, headers);
  if (code == CURLE_OK) code = curl_easy_perform(handle);
  curl_easy_cleanup(handle);
  curl_slist_free_all(headers);
  if (code != CURLE_OK) {
    snprintf(message, TRANSFER_MESSAGE_CAPACITY, "%s",
             reason[0] != 0 ? reason : curl_easy_strerror(code));
  }
  return end_of(code);
}
