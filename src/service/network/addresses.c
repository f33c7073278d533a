#include "service/network/addresses.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS 65536

struct addresses {
	uint64_t key;
	atomic_uint counts[SLOTS];
};

struct addresses *addresses_new(void)
{
	struct addresses *addresses = calloc(1, sizeof(*addresses));
	if (addresses && getrandom(&addresses->key, sizeof(addresses->key), 0) > 0)
		return addresses;
	free(addresses);
	return NULL;
}

void addresses_free(struct addresses *addresses)
{
	free(addresses);
}

void address_unmap(struct sockaddr_storage *address, socklen_t *length)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return;
	v4.sin_port = v6->sin6_port;
	memcpy(&v4.sin_addr, v6->sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
	*address = (struct sockaddr_storage){ 0 };
	memcpy(address, &v4, sizeof(v4));
	*length = sizeof(v4);
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* The part of an address that counts; false for what has none. */
static bool network_of(const struct sockaddr_storage *address, uint64_t *ret_network)
{
	if (address->ss_family == AF_INET) {
		*ret_network = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
		return true;
	}
	if (address->ss_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	memcpy(ret_network, &v6->sin6_addr, sizeof(*ret_network));
	return true;
}

bool addresses_enter(struct addresses *addresses, struct connection *connection, size_t limit)
{
	uint64_t network;
	connection->counted = network_of(&connection->address, &network);
	if (!connection->counted)
		return true;
	connection->slot = (unsigned)(mix(mix(network + addresses->key) ^ addresses->key) % SLOTS);
	atomic_uint *count = &addresses->counts[connection->slot];
	size_t before = atomic_fetch_add(count, 1);
	if (limit == 0 || before < limit)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

void addresses_leave(struct addresses *addresses, const struct connection *connection)
{
	if (connection->counted)
		atomic_fetch_sub(&addresses->counts[connection->slot], 1);
}
