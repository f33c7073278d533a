#include "schema/suggestion.h"

#define WORD_MAXIMUM 64
#define LENGTH_MINIMUM 5

static unsigned minimum(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One row of the table of distances from the two rows above it. */
static unsigned distance_row(struct text a, struct text b, size_t i, const unsigned *before,
	const unsigned *above, unsigned *row)
{
	unsigned best = row[0] = (unsigned)i;
	for (size_t j = 1; j <= b.length; j++) {
		unsigned changed = a.data[i - 1] != b.data[j - 1];
		row[j] = minimum(minimum(above[j], row[j - 1]) + 1, above[j - 1] + changed);
		if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			a.data[i - 2] == b.data[j - 1])
			row[j] = minimum(row[j], before[j - 2] + 1);
		best = minimum(best, row[j]);
	}
	return best;
}

unsigned suggestion_distance(struct text a, struct text b, unsigned bound)
{
	if (a.length > WORD_MAXIMUM || b.length > WORD_MAXIMUM)
		return bound + 1;
	size_t apart = a.length > b.length ? a.length - b.length : b.length - a.length;
	if (apart > bound)
		return bound + 1;
	unsigned rows[3][WORD_MAXIMUM + 1];
	for (size_t j = 0; j <= b.length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.length; i++)
		if (distance_row(a, b, i, rows[(i + 1) % 3], rows[(i - 1) % 3], rows[i % 3]) >
			bound)
			return bound + 1;
	return minimum(rows[a.length % 3][b.length], bound + 1);
}

unsigned suggestion_closeness(struct text written, struct text known)
{
	if (text_equal_nocase(written, known))
		return 0;
	size_t longer = written.length > known.length ? written.length : known.length;
	if (written.length < LENGTH_MINIMUM || known.length < LENGTH_MINIMUM)
		return SUGGESTION_FAR;
	unsigned distance = suggestion_distance(written, known, SUGGESTION_FAR - 1);
	return distance * 3 > longer ? SUGGESTION_FAR : distance;
}

uint64_t suggestion_letters(struct text word)
{
	uint64_t letters = 0;
	for (size_t i = 0; i < word.length; i++) {
		unsigned char byte = (unsigned char)word.data[i];
		letters |= (uint64_t)1 << ((byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte) & 63);
	}
	return letters;
}

const char *suggestion_nearest(struct text written, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	unsigned best = SUGGESTION_FAR;
	for (size_t i = 0; i < count && best > 0; i++) {
		unsigned distance = suggestion_closeness(written, text_of(words[i]));
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
