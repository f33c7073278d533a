/*
 * libmicrohttpd, wrapped: http.c alone includes its header.
 *
 * One instance for each worker, without a thread of its own: the library's epoll thread stalls when
 * a multiple of 128 connections is ready at once, so the worker polls the library's descriptor and
 * lets it run. Where TLS is spoken a worker has a second one.
 */
#pragma once

#include <stdbool.h>

struct connection;
struct tls;
struct worker;

struct http;

/* NULL when the library cannot start. With `tls` it is for connections that speak TLS. */
struct http *http_start(struct worker *worker, const struct tls *tls);
/* To be polled for input. */
int http_descriptor(const struct http *http);
/* Milliseconds after which http_run() is due even without input; -1: never, and for NULL. */
int http_timeout(const struct http *http);
/* Serves what is ready, without waiting; nothing for NULL. */
void http_run(struct http *http);
/*
 * Hands over a connection with its descriptor. worker_joined() is told about it within the call, or
 * never when the library had to close it.
 */
void http_add(struct http *http, struct connection *connection);
/* Takes a connection out of what http_run() looks at, and back in; any state of it is fine. */
void http_suspend(struct connection *connection);
void http_resume(struct connection *connection);
/* Closes all connections and frees the instance; NULL is fine. */
void http_stop(struct http *http);

const char *http_library_version(void);
