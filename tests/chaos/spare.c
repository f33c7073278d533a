/* What GMP gets when there is no memory: pieces of what was set aside, which can grow and go back. */
#include "service/network/spare.h"

#include "chaos/memory.h"
#include "runner/support.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 100

static struct {
	void *(*take)(size_t size);
	void *(*resize)(void *piece, size_t before, size_t size);
	void (*drop)(void *piece, size_t size);
} functions;

/* As GMP will find them. */
static bool find_functions(void)
{
	void (*get_functions)(
		void *(**)(size_t), void *(**)(void *, size_t, size_t), void (**)(void *, size_t));
	void *found = dlsym(RTLD_DEFAULT, "__gmp_get_memory_functions");
	if (!found)
		return false;
	memcpy(&get_functions, &found, sizeof(found));
	get_functions(&functions.take, &functions.resize, &functions.drop);
	return true;
}

static bool holds(const unsigned char *piece, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (piece[i] != byte)
			return false;
	return true;
}

/* Half of them from malloc(), the others not; they grow under want, and go when it has passed. */
static void check_round(struct tally *tally)
{
	unsigned char *pieces[PIECES];
	long before = memory_held();
	for (int i = 0; i < PIECES; i++) {
		memory_refuse(i % 2, true);
		pieces[i] = functions.take(100);
		memset(pieces[i], i, 100);
	}
	memory_refuse(1, true);
	for (int i = 0; i < PIECES / 2; i++)
		pieces[i] = functions.resize(pieces[i], 100, 4000);
	memory_refuse(0, false);
	for (int i = 0; i < PIECES; i++) {
		tally_check(tally, holds(pieces[i], i, 100), "piece %d: other contents", i);
		functions.drop(pieces[i], i < PIECES / 2 ? 4000 : 100);
	}
	tally_check(tally, memory_held() == before, "%ld pieces are left", memory_held() - before);
}

int main(void)
{
	struct tally tally = { .name = "spare" };
	if (!gnutls_check_version(NULL) || !find_functions()) {
		puts("skipped: GnuTLS reckons without GMP here");
		return EXIT_SKIPPED;
	}
	spare_for_handshakes();
	find_functions();
	for (int i = 0; i < 10; i++)
		check_round(&tally);
	return tally_finish(&tally);
}
