#include "checkpoint/names/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

/*
 * How many steps a try may take: the first is cheap; what needs more gets it, and pays for it. The budget bounds the work
 * of a whole list to some tenths of a second: two million ordinary tries, or fewer of those that go back and forth.
 */
static const uint32_t step_limits[] = { 20, 100, 1000, 20000 };
#define LIMIT_COUNT (sizeof(step_limits) / sizeof(step_limits[0]))
#define BUDGET 40000000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT_KIB 1024

struct pattern {
	pcre2_code *code;
};

struct pattern_pool {
	struct arena *arena;
	pcre2_general_context *general;
	pcre2_compile_context *compile;
	pcre2_match_context *limits;
	pcre2_match_data *result; /* not the arena's: matching takes and gives back */
	size_t count;
	size_t spent;
};

static void *take(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

/* The arena gives all back at once. */
static void drop(void *memory, void *arena)
{
	(void)memory;
	(void)arena;
}

struct pattern_pool *pattern_pool_new(struct arena *arena)
{
	struct pattern_pool *pool = ARENA_NEW(arena, struct pattern_pool);
	if (!pool)
		return NULL;
	pool->arena = arena;
	pool->general = pcre2_general_context_create(take, drop, arena);
	if (!pool->general) {
		arena_fail(arena);
		return NULL;
	}
	pool->compile = pcre2_compile_context_create(pool->general);
	pool->limits = pcre2_match_context_create(pool->general);
	pool->result = pcre2_match_data_create(1, NULL);
	if (!pool->compile || !pool->limits || !pool->result) {
		arena_fail(arena);
		pattern_pool_end(pool);
		return NULL;
	}
	pcre2_set_max_pattern_length(pool->compile, PATTERN_BYTES_MAXIMUM);
	pcre2_set_depth_limit(pool->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(pool->limits, HEAP_LIMIT_KIB);
	return pool;
}

void pattern_pool_end(struct pattern_pool *pool)
{
	if (pool)
		pcre2_match_data_free(pool->result);
}

static bool is_ascii(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

static struct text compile_error(struct arena *arena, int error)
{
	unsigned char message[128] = "";
	pcre2_get_error_message(error, message, sizeof(message));
	return arena_printf(arena, PATTERN_WRONG ": %s", (const char *)message);
}

struct pattern *pattern_compile(struct pattern_pool *pool, struct text source,
	enum pattern_anchor anchor, struct text *reterr_detail)
{
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP;
	int error;
	size_t offset;
	if (pool->count == PATTERNS_MAXIMUM) {
		*reterr_detail = arena_printf(pool->arena,
			"more than %d patterns in one list are not tried", PATTERNS_MAXIMUM);
		return NULL;
	}
	if (source.length > PATTERN_BYTES_MAXIMUM) {
		*reterr_detail = arena_printf(
			pool->arena, "longer than %d bytes, so not tried", PATTERN_BYTES_MAXIMUM);
		return NULL;
	}
	struct pattern *pattern = ARENA_NEW(pool->arena, struct pattern);
	if (!pattern)
		return NULL;
	if (anchor != PATTERN_SEARCH)
		options |= PCRE2_ANCHORED;
	if (anchor == PATTERN_WHOLE)
		options |= PCRE2_ENDANCHORED;
	options |= is_ascii(source) ? PCRE2_NEVER_UTF : PCRE2_UTF;
	pool->count++;
	pattern->code = pcre2_compile(
		(PCRE2_SPTR)source.data, source.length, options, &error, &offset, pool->compile);
	if (pattern->code)
		return pattern;
	*reterr_detail = compile_error(pool->arena, error);
	return NULL;
}

static int try(struct pattern_pool *pool, const struct pattern *pattern, struct text subject,
	uint32_t limit)
{
	pcre2_set_match_limit(pool->limits, limit);
	return pcre2_match(pattern->code, (PCRE2_SPTR)subject.data, subject.length, 0, 0,
		pool->result, pool->limits);
}

enum pattern_outcome pattern_match(
	struct pattern_pool *pool, const struct pattern *pattern, struct text subject)
{
	if (pool->spent >= BUDGET)
		return PATTERN_LIMIT;
	int result = PCRE2_ERROR_MATCHLIMIT;
	for (size_t i = 0; i < LIMIT_COUNT && result == PCRE2_ERROR_MATCHLIMIT; i++) {
		pool->spent += step_limits[i];
		result = try(pool, pattern, subject, step_limits[i]);
	}
	if (result >= 0)
		return PATTERN_YES;
	if (result == PCRE2_ERROR_NOMEMORY)
		arena_fail(pool->arena);
	bool limit = result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
		     result == PCRE2_ERROR_HEAPLIMIT;
	return limit ? PATTERN_LIMIT : PATTERN_NO;
}

bool pattern_is_special(struct text source, bool dot)
{
	static const bool special[256] = { ['*'] = true,
		['+'] = true,
		['?'] = true,
		['['] = true,
		[']'] = true,
		['('] = true,
		[')'] = true,
		['{'] = true,
		['}'] = true,
		['|'] = true,
		['^'] = true,
		['$'] = true,
		['\\'] = true };
	for (size_t i = 0; i < source.length; i++)
		if (special[(unsigned char)source.data[i]] || (dot && source.data[i] == '.'))
			return true;
	return false;
}

bool pattern_ignores_digits(struct text source)
{
	for (size_t i = 0; i < source.length; i++)
		if ((source.data[i] >= '0' && source.data[i] <= '9') || source.data[i] == '[')
			return false;
	return true;
}

/* At '[': whether `c` is in the set; moves behind it. An unclosed '[' is itself. */
static bool in_set(struct text glob, size_t *at, char c)
{
	size_t i = *at + 1;
	bool negated = i < glob.length && glob.data[i] == '!', found = false;
	size_t first = i + negated, end = first;
	while (end < glob.length && (glob.data[end] != ']' || end == first))
		end++;
	if (end == glob.length) {
		++*at;
		return c == '[';
	}
	for (i = first; i < end; i++) {
		if (i + 2 < end && glob.data[i + 1] == '-') {
			found |= c >= glob.data[i] && c <= glob.data[i + 2];
			i += 2;
		} else {
			found |= c == glob.data[i];
		}
	}
	*at = end + 1;
	return found != negated;
}

static bool one_matches(struct text glob, size_t *at, char c)
{
	if (glob.data[*at] == '[')
		return in_set(glob, at, c);
	char wanted = glob.data[(*at)++];
	return wanted == '?' || wanted == c;
}

/* Only the last star ever needs to give back, so the work is at most length times length. */
bool glob_match(struct text glob, struct text name, size_t *left)
{
	size_t at = 0, i = 0, star = SIZE_MAX, mark = 0;
	while (i < name.length && work_spend(left, 1)) {
		size_t next = at;
		if (at < glob.length && glob.data[at] == '*') {
			star = ++at;
			mark = i;
		} else if (at < glob.length && one_matches(glob, &next, name.data[i])) {
			work_spend(left, next - at);
			at = next;
			i++;
		} else if (star != SIZE_MAX) {
			work_spend(left, next - at);
			at = star;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (at < glob.length && glob.data[at] == '*')
		at++;
	return at == glob.length && i == name.length;
}
