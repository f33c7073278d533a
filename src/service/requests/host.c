#include "service/requests/host.h"

#include <arpa/inet.h>
#include <string.h>

/* Without ":PORT", a dot at the end, and brackets around an IPv6 address. */
static struct text host_name(struct text host, bool *ret_bracketed)
{
	const char *closing = memchr(host.data, ']', host.length);
	*ret_bracketed = host.data[0] == '[' && closing;
	if (*ret_bracketed)
		return (struct text){ host.data + 1, (size_t)(closing - host.data) - 1 };
	const char *colon = memchr(host.data, ':', host.length);
	if (colon)
		host.length = (size_t)(colon - host.data);
	if (host.length > 0 && host.data[host.length - 1] == '.')
		host.length--;
	return host;
}

bool host_is_loopback(struct text host)
{
	char copy[64];
	bool bracketed;
	struct in_addr v4;
	struct in6_addr v6;
	if (host.length == 0)
		return true;
	struct text name = host_name(host, &bracketed);
	if (name.length >= sizeof(copy))
		return false;
	memcpy(copy, name.data, name.length);
	copy[name.length] = '\0';
	if (bracketed)
		return inet_pton(AF_INET6, copy, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	if (inet_pton(AF_INET, copy, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (text_equal_nocase(name, TEXT("localhost")))
		return true;
	const size_t suffix = sizeof(".localhost") - 1;
	return name.length > suffix &&
	       text_equal_nocase(text_from(name, name.length - suffix), TEXT(".localhost"));
}
