#include "service/options/origin.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static size_t scheme_length(const char *origin)
{
	size_t length = strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
	return length > 0 && strncmp(origin + length, "://", 3) == 0 ? length + 3 : 0;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static size_t host_length(const char *host)
{
	if (host[0] != '[')
		return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
	size_t length = 1 + strspn(host + 1, "0123456789abcdef:.");
	return host[length] == ']' ? length + 1 : 0;
}

static bool names_default_port(const char *origin, const char *port)
{
	return (strncmp(origin, "https:", 6) == 0 && strcmp(port, ":443") == 0) ||
	       (strncmp(origin, "http:", 5) == 0 && strcmp(port, ":80") == 0);
}

const char *origin_fault(const char *origin)
{
	size_t scheme = scheme_length(origin);
	size_t host = scheme > 0 ? host_length(origin + scheme) : 0;
	const char *port = origin + scheme + host;
	for (const char *c = origin; *c; c++)
		if (isupper((unsigned char)*c))
			return "an origin in small letters, as browsers send it";
	if (host == 0 || (port[0] != '\0' && port[0] != ':') ||
		(port[0] == ':' &&
			(port[1] == '\0' || strspn(port + 1, "0123456789") != strlen(port + 1))))
		return "an origin like https://ui.example.org or http://localhost:3000, without a path";
	return names_default_port(origin, port)
		       ? "an origin without its usual port, which browsers leave out"
		       : NULL;
}
