/*
 * GnuTLS, wrapped: tls.c alone includes its headers. libmicrohttpd speaks TLS by itself; this is about
 * the certificate, which may change while connections are open, and about what the library leaves out.
 */
#pragma once

#include "service/options/options.h"

struct connection;
struct tls;

/* Protocols and ciphers, for the library: TLS 1.2 and 1.3, ephemeral keys and AEAD only. */
extern const char tls_priorities[];

/*
 * A certificate with its chain, and its key, from PEM files. NULL, and the reason in `ret_fault`, when
 * they cannot be used; tls_free() takes NULL.
 */
struct tls *tls_load(struct arena *arena, const char *certificate_path, const char *key_path,
	struct fault *ret_fault);
void tls_free(struct tls *tls);
/* The files' contents, terminated; they live as long as the arena. */
const char *tls_certificate_text(const struct tls *tls);
const char *tls_key_text(const struct tls *tls);
/* Seconds since 1970: when it ends to be valid. */
int64_t tls_not_after(const struct tls *tls);

/*
 * For a connection with a `session` whose handshake has not begun: it will use `tls`, which must live as
 * long as the connection. Once the handshake is over the connection is marked as established; a client
 * that speaks plain HTTP is told so in plain HTTP.
 */
void tls_greet(struct connection *connection, const struct tls *tls);
/* The last bytes on an established connection, as far as they can be sent at once. */
void tls_send_last(struct connection *connection, const char *data, size_t length);

/* Why clients will refuse the certificate at this time, seconds since 1970; NULL when they need not. */
const char *tls_doubt(const struct tls *tls, int64_t now);

const char *tls_library_version(void);
