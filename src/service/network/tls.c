#include "service/network/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>

#include "service/network/connection.h"
#include "service/network/spare.h"
#include "service/options/file.h"

#define FILE_LIMIT ((size_t)256 * 1024)
/* The first byte of every TLS connection: a record of its handshake. */
#define HANDSHAKE_RECORD 22

const char tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
			      "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
			      "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM";

struct tls {
	gnutls_certificate_credentials_t credentials;
	const char *certificate_text;
	const char *key_text;
	int64_t not_before;
	int64_t not_after;
};

/* On the way to a `struct tls`. */
struct loading {
	const char *certificate_path;
	const char *key_path;
	struct text certificate_text;
	struct text key_text;
	gnutls_x509_crt_t *chain;
	unsigned chain_length;
	gnutls_x509_privkey_t key;
	struct fault *fault;
};

static gnutls_datum_t datum(struct text text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)text.data,
		.size = (unsigned)text.length };
}

static bool read_chain(struct loading *loading)
{
	const gnutls_datum_t text = datum(loading->certificate_text);
	int result = gnutls_x509_crt_list_import2(&loading->chain, &loading->chain_length, &text,
		GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
	if (result >= 0)
		return true;
	loading->chain_length = 0;
	fault_printf(loading->fault, "%s: there is no usable certificate in PEM form in it: %s",
		loading->certificate_path, gnutls_strerror(result));
	return false;
}

static bool read_key(struct loading *loading)
{
	const gnutls_datum_t text = datum(loading->key_text);
	int result = gnutls_x509_privkey_init(&loading->key);
	if (result >= 0)
		result = gnutls_x509_privkey_import2(
			loading->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (result >= 0)
		return true;
	const char *reason = gnutls_strerror(result);
	if (result == GNUTLS_E_DECRYPTION_FAILED)
		reason = "it is encrypted; write it without a passphrase, readable by the daemon "
			 "alone";
	fault_printf(loading->fault, "%s: there is no usable private key in PEM form in it: %s",
		loading->key_path, reason);
	return false;
}

static bool join(struct loading *loading, struct tls *tls)
{
	int result = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (result >= 0)
		result = gnutls_certificate_set_x509_key(
			tls->credentials, loading->chain, (int)loading->chain_length, loading->key);
	if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		fault_printf(loading->fault,
			"%s: this key does not belong to the certificate in %s", loading->key_path,
			loading->certificate_path);
	else if (result < 0)
		fault_printf(loading->fault, "%s and %s cannot be used together: %s",
			loading->certificate_path, loading->key_path, gnutls_strerror(result));
	return result >= 0;
}

static bool fill(struct tls *tls, struct loading *loading)
{
	if (!read_chain(loading) || !read_key(loading) || !join(loading, tls))
		return false;
	tls->certificate_text = loading->certificate_text.data;
	tls->key_text = loading->key_text.data;
	tls->not_before = gnutls_x509_crt_get_activation_time(loading->chain[0]);
	tls->not_after = gnutls_x509_crt_get_expiration_time(loading->chain[0]);
	return true;
}

static void forget(struct loading *loading)
{
	for (unsigned i = 0; i < loading->chain_length; i++)
		gnutls_x509_crt_deinit(loading->chain[i]);
	gnutls_free(loading->chain);
	gnutls_x509_privkey_deinit(loading->key);
}

struct tls *tls_load(struct arena *arena, const char *certificate_path, const char *key_path,
	struct fault *ret_fault)
{
	struct loading loading = {
		.certificate_path = certificate_path,
		.key_path = key_path,
		.fault = ret_fault,
	};
	spare_for_handshakes();
	loading.certificate_text = file_read(arena, certificate_path, FILE_LIMIT, ret_fault);
	if (!loading.certificate_text.data)
		return NULL;
	loading.key_text = file_read(arena, key_path, FILE_LIMIT, ret_fault);
	if (!loading.key_text.data)
		return NULL;
	struct tls *tls = calloc(1, sizeof(*tls));
	if (!tls) {
		fault_printf(ret_fault, "there is no memory");
		return NULL;
	}
	bool sound = fill(tls, &loading);
	forget(&loading);
	if (sound)
		return tls;
	tls_free(tls);
	return NULL;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	free(tls);
}

const char *tls_certificate_text(const struct tls *tls)
{
	return tls->certificate_text;
}

const char *tls_key_text(const struct tls *tls)
{
	return tls->key_text;
}

int64_t tls_not_after(const struct tls *tls)
{
	return tls->not_after;
}

const char *tls_doubt(const struct tls *tls, int64_t now)
{
	if (now > tls->not_after)
		return "this certificate has expired";
	return now < tls->not_before ? "this certificate is not valid yet" : NULL;
}

/* A client that begins with a letter asks for something in plain HTTP. */
static bool speaks_plain(int fd)
{
	char first;
	if (recv(fd, &first, 1, MSG_PEEK) != 1)
		return false;
	return first != HANDSHAKE_RECORD && (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
}

static ssize_t pull(gnutls_transport_ptr_t own, void *out, size_t room)
{
	struct connection *connection = own;
	if (!connection->greeted && speaks_plain(connection->fd)) {
		connection_misspoken(connection);
		return 0;
	}
	ssize_t length = recv(connection->fd, out, room, 0);
	connection->greeted = connection->greeted || length > 0;
	return length;
}

/* The client's last word: what the daemon sends after it, if anything, fits the socket. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	struct connection *connection = gnutls_transport_get_ptr(session);
	(void)type;
	(void)when;
	(void)message;
	connection->established = connection->established || incoming;
	return 0;
}

void tls_greet(struct connection *connection, const struct tls *tls)
{
	gnutls_session_t session = connection->session;
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
	gnutls_transport_set_ptr2(
		session, connection, (gnutls_transport_ptr_t)(intptr_t)connection->fd);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_handshake_set_hook_function(
		session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, on_finished);
}

void tls_send_last(struct connection *connection, const char *data, size_t length)
{
	if (gnutls_record_send(connection->session, data, length) == (ssize_t)length)
		gnutls_bye(connection->session, GNUTLS_SHUT_WR);
}

const char *tls_library_version(void)
{
	return gnutls_check_version(NULL);
}
