#include "base/size.h"

#define UNITS 5

static struct text words(struct arena *arena, uint64_t value, const char *const units[UNITS])
{
	double shown = (double)value;
	size_t unit = 0;
	/* What would be rounded to 1000.0 is 1.0 of the next. */
	while (shown >= 999.95 && unit + 1 < UNITS) {
		shown /= 1000;
		unit++;
	}
	return arena_printf(arena, unit == 0 ? "%.0f%s" : "%.1f%s", shown, units[unit]);
}

struct text size_words(struct arena *arena, uint64_t bytes)
{
	static const char *const units[UNITS] = { " bytes", " kB", " MB", " GB", " TB" };
	return words(arena, bytes, units);
}

struct text count_words(struct arena *arena, uint64_t count)
{
	static const char *const units[UNITS] = { "", " thousand", " million", " billion",
		" trillion" };
	return words(arena, count, units);
}
