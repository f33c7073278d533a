/* Writes src/schema/known_slots.c from the table of known keys; `make known-slots`, after a key came or went. */
#include "schema/known_slots.h"
#include "schema/keys.h"

#include <stdio.h>
#include <stdlib.h>

#define ACROSS 16

int main(void)
{
	static unsigned slots[KNOWN_SLOTS];
	for (size_t i = 0; i < known_key_count; i++) {
		size_t at = text_hash(known_keys[i].name) % KNOWN_SLOTS;
		while (slots[at] != 0)
			at = (at + 1) % KNOWN_SLOTS;
		slots[at] = (unsigned)i + 1;
	}
	printf("/* Made by `make known-slots` from the table in known_keys.c. */\n"
	       "#include \"schema/known_slots.h\"\n\n"
	       "/* clang-format off */\n"
	       "const uint16_t known_slots[KNOWN_SLOTS] = {\n");
	for (size_t at = 0; at < KNOWN_SLOTS; at++)
		printf("%s%u,%s", at % ACROSS == 0 ? "\t" : "", slots[at],
			at % ACROSS == ACROSS - 1 ? "\n" : " ");
	printf("};\n");
	return EXIT_SUCCESS;
}
