/*
 * One GET over HTTP or HTTPS, through libcurl, whose options are set by a function with varying
 * arguments that Swift cannot call.
 *
 * Redirects are followed, from HTTPS to HTTPS only; certificates are always verified; proxies are
 * those of the environment unless one is named.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REIDENT_TRANSFERS_H
#define REIDENT_TRANSFERS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes a message buffer must have; messages are cut to fit and always end in a zero. */
#define TRANSFER_MESSAGE_CAPACITY 512

/* How a transfer ended; `message` holds libcurl's words for all but the first two. */
typedef enum transfer_end {
  /* The server's answer, whatever its status, has arrived to its end. */
  TRANSFER_DONE = 0,
  /* A callback asked for the end. */
  TRANSFER_STOPPED = 1,
  /* The host's name, or the proxy's, is not known here. */
  TRANSFER_NO_HOST = 2,
  /* Nobody takes the connection. */
  TRANSFER_NO_CONNECTION = 3,
  /* The connection broke off before the end of the answer. */
  TRANSFER_BROKEN = 4,
  /* No connection, or not a byte, within the time allowed. */
  TRANSFER_STALLED = 5,
  /* Redirected too often, in a circle. */
  TRANSFER_CIRCLE = 6,
  /* The address, or one it is redirected to, is not one of HTTP or HTTPS. */
  TRANSFER_ADDRESS = 7,
  /* The server's certificate cannot be trusted. */
  TRANSFER_CERTIFICATE = 8,
  /* Anything else. */
  TRANSFER_FAILED = 9
} transfer_end;

/* What is asked for. Texts are read during the call only. */
typedef struct transfer_request {
  const char *address;
  /* Null: as the environment says (http_proxy, https_proxy, all_proxy, no_proxy). */
  const char *proxy;
  /* Asks for the bytes from here on, if above 0. */
  int64_t first_byte;
  /* With first_byte: an entity tag or date; another file is then sent whole. Null: without. */
  const char *validator;
  /* What the program calls itself. */
  const char *agent;
  /* Milliseconds for the connection, and seconds without a byte after which it is given up. */
  long connect_milliseconds;
  long stall_seconds;
} transfer_request;

/* Who is told; each returns 0 to go on and anything else to end the transfer. */
typedef struct transfer_receiver {
  void *context;
  /* A line of an answer's header without its line end, status lines and the last, empty one too. */
  int (*header)(void *context, const char *line, size_t count);
  /* Bytes of the last answer's body. */
  int (*body)(void *context, const uint8_t *bytes, size_t count);
  /* Asked about once a second and more often, whether bytes come or not. */
  int (*is_stopped)(void *context);
} transfer_receiver;

/* Carries a request out on the calling thread. */
transfer_end transfer_perform(const transfer_request *request, const transfer_receiver *receiver,
                              char *message);

#endif
