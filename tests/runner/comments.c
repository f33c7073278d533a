/* Comments stand where no token does: between two of them, or in the header of a block scalar. */
#include "runner/migration.h"
#include "source/lines.h"

#include <string.h>
#include <yaml.h>

struct scan {
	struct text yaml;
	struct comments *comments;
	size_t characters, bytes; /* how far the offsets have been followed */
};

/* libyaml counts characters; a byte order mark is none. */
static size_t byte_of(struct scan *scan, size_t character)
{
	while (scan->characters < character && scan->bytes < scan->yaml.length) {
		scan->bytes++;
		while (scan->bytes < scan->yaml.length &&
			((unsigned char)scan->yaml.data[scan->bytes] & 0xc0) == 0x80)
			scan->bytes++;
		scan->characters++;
	}
	return scan->bytes;
}

static size_t comment_end(struct text yaml, size_t at)
{
	while (at < yaml.length && line_end_length(yaml, at) == 0)
		at++;
	return at;
}

static void find_between(struct scan *scan, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (scan->yaml.data[i] != '#')
			continue;
		size_t end = comment_end(scan->yaml, i);
		scan->comments->items[scan->comments->count++] =
			text_trim((struct text){ scan->yaml.data + i, end - i });
		i = end;
	}
}

static void find_at(struct scan *scan, const yaml_token_t *token, size_t *done)
{
	size_t from = byte_of(scan, token->start_mark.index);
	size_t to = byte_of(scan, token->end_mark.index);
	find_between(scan, *done, from);
	bool literal = token->type == YAML_SCALAR_TOKEN &&
		       (token->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
			       token->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
	if (literal) {
		size_t end = comment_end(scan->yaml, from);
		find_between(scan, from, end < to ? end : to);
	}
	*done = to;
}

bool comments_find(struct arena *arena, struct text yaml, struct comments *ret_comments)
{
	size_t marks = 0;
	for (size_t i = 0; i < yaml.length; i++)
		marks += yaml.data[i] == '#';
	*ret_comments = (struct comments){ .items = ARENA_ARRAY(arena, struct text, marks) };
	struct scan scan = { .yaml = yaml, .comments = ret_comments, .bytes = source_start(yaml) };
	yaml_parser_t parser;
	if (!ret_comments->items || !yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.data, yaml.length);
	size_t done = scan.bytes;
	bool ended = false, fine = true;
	while (!ended && fine) {
		yaml_token_t token;
		fine = yaml_parser_scan(&parser, &token);
		if (!fine)
			break;
		ended = token.type == YAML_STREAM_END_TOKEN;
		if (!ended && token.type != YAML_STREAM_START_TOKEN)
			find_at(&scan, &token, &done);
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	find_between(&scan, done, yaml.length);
	return fine;
}

bool comments_within(struct arena *arena, const struct comments *some, const struct comments *all,
	struct text *ret_missing)
{
	bool *used = ARENA_ARRAY(arena, bool, all->count);
	for (size_t i = 0; used && i < some->count; i++) {
		size_t j = 0;
		while (j < all->count && (used[j] || !text_equal(all->items[j], some->items[i])))
			j++;
		if (j == all->count) {
			*ret_missing = some->items[i];
			return false;
		}
		used[j] = true;
	}
	return used != NULL;
}
