#include "schema/diagnostic.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

void findings_init(struct findings *findings)
{
	*findings = (struct findings){ .first = NULL };
	findings->last = &findings->first;
}

void findings_make_room(struct findings *findings)
{
	findings->kept -= findings->kept == FINDINGS_MAXIMUM;
}

static const struct word *word_find(struct text name, const struct word *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_is(name, words[i].name))
			return &words[i];
	return NULL;
}

static bool names(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool placeholder_next(struct text *rest, struct text *ret_before, struct text *ret_name)
{
	const char *from = rest->data, *end = rest->data + rest->length;
	const char *open = from;
	while ((open = memchr(open, '{', (size_t)(end - open)))) {
		const char *close = ++open;
		while (close < end && names(*close))
			close++;
		if (close == open || close == end || *close != '}')
			continue;
		*ret_before = (struct text){ from, (size_t)(open - 1 - from) };
		*ret_name = (struct text){ open, (size_t)(close - open) };
		*rest = (struct text){ close + 1, (size_t)(end - close - 1) };
		return true;
	}
	return false;
}

struct text message_expand(
	struct arena *arena, const char *format, const struct word *words, size_t count)
{
	struct text whole = text_of(format), rest = whole, before, name;
	struct buffer out;
	buffer_init(&out, arena, 0);
	while (placeholder_next(&rest, &before, &name)) {
		const struct word *word = word_find(name, words, count);
		struct text as_written = { name.data - 1, name.length + 2 };
		buffer_reserve(&out, before.length + rest.length + 64);
		buffer_add(&out, before);
		buffer_add(&out, word ? word->text : as_written);
	}
	if (rest.length == whole.length)
		return whole;
	buffer_add(&out, rest);
	return buffer_text(&out);
}

struct diagnostic *findings_add(struct findings *findings, struct arena *arena,
	const struct rule *rule, enum severity severity, const struct word *words,
	size_t word_count, size_t locations)
{
	size_t *kept = severity == SEVERITY_ERROR ? &findings->errors_kept : &findings->kept;
	findings->counts[severity]++;
	if (*kept == FINDINGS_MAXIMUM) {
		findings->left_out++;
		return NULL;
	}
	++*kept;
	struct diagnostic *diagnostic = ARENA_NEW(arena, struct diagnostic);
	struct location *places = ARENA_ARRAY(arena, struct location, locations);
	if (!diagnostic || !places)
		return NULL;
	*diagnostic = (struct diagnostic){
		.rule = rule,
		.severity = severity,
		.message = message_expand(arena, rule->message, words, word_count),
		.remedy = message_expand(arena, rule->remedy, words, word_count),
		.locations = places,
		.location_count = locations,
	};
	*findings->last = diagnostic;
	findings->last = &diagnostic->next;
	return diagnostic;
}

static int compare_places(const struct diagnostic *a, const struct diagnostic *b)
{
	bool placed_a = a->location_count > 0 && a->locations[0].placed;
	bool placed_b = b->location_count > 0 && b->locations[0].placed;
	if (placed_a != placed_b)
		return placed_a - placed_b;
	if (!placed_a)
		return 0;
	const struct location *x = a->locations, *y = b->locations;
	if (x->source != y->source)
		return (int)x->source - (int)y->source;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

static int compare_diagnostics(const void *left, const void *right)
{
	const struct diagnostic *a = *(const struct diagnostic *const *)left;
	const struct diagnostic *b = *(const struct diagnostic *const *)right;
	int order = compare_places(a, b);
	if (order == 0)
		order = strcmp(a->rule->id, b->rule->id);
	return order != 0 ? order : text_compare(a->message, b->message);
}

const struct diagnostic **findings_sorted(
	const struct findings *findings, struct arena *arena, size_t *ret_count)
{
	size_t count = 0;
	for (const struct diagnostic *d = findings->first; d; d = d->next)
		count++;
	const struct diagnostic **sorted = ARENA_ARRAY(arena, const struct diagnostic *, count);
	*ret_count = sorted ? count : 0;
	if (!sorted)
		return NULL;
	count = 0;
	for (const struct diagnostic *d = findings->first; d; d = d->next)
		sorted[count++] = d;
	qsort(sorted, count, sizeof(const struct diagnostic *), compare_diagnostics);
	return sorted;
}

struct location location_of(const struct lines *lines, struct span span, struct text path)
{
	size_t offset = lines_offset(lines, span.start);
	size_t end = lines_offset(lines, span.end);
	return (struct location){
		.path = path,
		.placed = true,
		.line = span.start.line + 1,
		.column = span.start.column + 1,
		.end_line = span.end.line + 1,
		.end_column = span.end.column + 1,
		.offset = offset,
		.length = end > offset ? end - offset : 0,
	};
}

struct text pointer_join(struct arena *arena, struct text path, struct text token)
{
	struct buffer out;
	buffer_init(&out, arena, path.length + 1 + 2 * token.length);
	buffer_add(&out, path);
	buffer_add_byte(&out, '/');
	for (size_t i = 0; i < token.length; i++) {
		char c = token.data[i];
		bool special = c == '~' || c == '/';
		buffer_add_byte(&out, special ? '~' : c);
		if (special)
			buffer_add_byte(&out, c == '/' ? '1' : '0');
	}
	return buffer_text(&out);
}
