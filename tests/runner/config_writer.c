#include "runner/config_parts.h"

#include <string.h>

uint64_t random_below(struct random *random, uint64_t below)
{
	/* splitmix64 */
	uint64_t mixed = random->state += 0x9e3779b97f4a7c15u;
	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return (mixed ^ (mixed >> 31)) % below;
}

bool random_once(struct random *random, unsigned once_in)
{
	return random_below(random, once_in) == 0;
}

struct writer {
	struct buffer out;
	struct random *random;
	const char *newline;
	unsigned step;
	unsigned root; /* column of the top level */
	unsigned comments;
	bool json;
	bool strict; /* JSON that is nothing but JSON */
	bool lines;  /* a flow mapping has an entry a line */
};

static bool once(struct writer *writer, unsigned in)
{
	return random_once(writer->random, in);
}

static void put(struct writer *writer, const char *string)
{
	buffer_add_string(&writer->out, string);
}

static const char *pick(struct writer *writer, const char *const *words, size_t count)
{
	return words[random_below(writer->random, count)];
}

static void put_comment(struct writer *writer)
{
	static const char *const kinds[] = { "", "adapter: qlora", "\"quote", "{ [ 'it", "#",
		"\xc3\xa9 \xe2\x82\xac", "load_in_4bit: true # twice", "- x" };
	buffer_printf(&writer->out, "#%s%u %s", once(writer, 3) ? "" : " ", ++writer->comments,
		pick(writer, kinds, sizeof(kinds) / sizeof(kinds[0])));
}

static void end_line(struct writer *writer)
{
	if (writer->strict) {
		put(writer, writer->newline);
		return;
	}
	if (once(writer, 10))
		put(writer, once(writer, 2) ? "  " : "   ");
	if (once(writer, 5)) {
		buffer_add_repeated(&writer->out, ' ', 1 + random_below(writer->random, 3));
		put_comment(writer);
	}
	put(writer, writer->newline);
}

/* Blank lines and whole-line comments between entries. */
static void put_gap(struct writer *writer, unsigned indent)
{
	if (writer->strict)
		return;
	while (once(writer, 6)) {
		size_t blanks = once(writer, 6) ? random_below(writer->random, indent + 8) : 0;
		buffer_add_repeated(&writer->out, ' ', blanks);
		put(writer, writer->newline);
	}
	while (once(writer, 5)) {
		unsigned columns[] = { indent, indent, 0, indent + 5 };
		buffer_add_repeated(&writer->out, ' ', columns[random_below(writer->random, 4)]);
		put_comment(writer);
		put(writer, writer->newline);
	}
}

static bool is_plain(const char *word)
{
	return strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.") ==
	       strlen(word);
}

static void put_single_quoted(struct writer *writer, const char *word)
{
	put(writer, "'");
	for (; *word; word++)
		buffer_printf(&writer->out, *word == '\'' ? "''" : "%c", *word);
	put(writer, "'");
}

static void put_string(struct writer *writer, const char *word)
{
	bool plain = is_plain(word) && !once(writer, 3);
	if (plain && !writer->json)
		put(writer, word);
	else if (!writer->json && once(writer, 2))
		put_single_quoted(writer, word);
	else
		buffer_printf(&writer->out, "\"%s\"", word);
}

static void put_key(struct writer *writer, const char *key)
{
	bool merge = strcmp(key, "<<") == 0;
	if (!merge && (writer->json || once(writer, 12)))
		buffer_printf(&writer->out, "\"%s\"", key);
	else if (!merge && once(writer, 15))
		buffer_printf(&writer->out, "'%s'", key);
	else
		put(writer, key);
	if (once(writer, 25))
		put(writer, " ");
}

static void put_boolean(struct writer *writer, const char *word)
{
	static const char *const yes[] = { "true", "true", "true", "True", "yes", "on",
		"\"true\"" };
	static const char *const no[] = { "false", "false", "False", "off", "no" };
	static const char *const null[] = { "null", "~", "Null" };
	if (writer->json)
		put(writer, word);
	else if (strcmp(word, "true") == 0)
		put(writer, pick(writer, yes, sizeof(yes) / sizeof(yes[0])));
	else if (strcmp(word, "false") == 0)
		put(writer, pick(writer, no, sizeof(no) / sizeof(no[0])));
	else
		put(writer, pick(writer, null, sizeof(null) / sizeof(null[0])));
}

static void put_properties(struct writer *writer, const struct part *part)
{
	if (part->anchor)
		buffer_printf(&writer->out, "&%s ", part->anchor);
	if (part->tag)
		buffer_printf(&writer->out, "%s ", part->tag);
}

static void put_scalar(struct writer *writer, const struct part *part)
{
	switch (part->shape) {
	case PART_STRING:
		put_string(writer, part->word);
		break;
	case PART_BOOLEAN:
		put_boolean(writer, part->word);
		break;
	case PART_ALIAS:
		buffer_printf(&writer->out, "*%s", part->word);
		break;
	case PART_NULL:
		put(writer, "null");
		break;
	default:
		put(writer, writer->strict && strpbrk(part->word, "_x") ? "4096" : part->word);
	}
}

static void put_flow(
	struct writer *writer, const struct part *parts, size_t count, unsigned indent);

static void put_flow_entry(struct writer *writer, const struct part *part, unsigned indent)
{
	put_key(writer, part->key);
	/* Only a quoted key may touch its value. */
	bool quoted = writer->json && strcmp(part->key, "<<") != 0;
	put(writer, quoted && once(writer, 3) ? ":" : ": ");
	put_properties(writer, part);
	if (part->shape == PART_MAPPING)
		put_flow(writer, part->parts, part->count, indent + writer->step);
	else if (part->shape == PART_TRICKY)
		put(writer, writer->strict ? "[{\"a\": \"b # c\"}, null]" : part->flow);
	else
		put_scalar(writer, part);
}

static void break_flow(struct writer *writer, unsigned indent)
{
	if (!writer->lines)
		return;
	if (writer->json)
		put(writer, writer->newline);
	else
		end_line(writer);
	while (!writer->json && once(writer, 12)) {
		buffer_add_repeated(&writer->out, ' ', indent);
		put_comment(writer);
		put(writer, writer->newline);
	}
	buffer_add_repeated(&writer->out, ' ', indent);
}

static void put_flow(struct writer *writer, const struct part *parts, size_t count, unsigned indent)
{
	put(writer, "{");
	const char *pad = once(writer, 4) ? " " : "";
	put(writer, pad);
	for (size_t i = 0; i < count; i++) {
		break_flow(writer, indent + writer->step);
		put_flow_entry(writer, &parts[i], indent + writer->step);
		bool comma = i + 1 < count || (!writer->json && once(writer, 4));
		put(writer, comma && once(writer, 10) ? " " : "");
		put(writer, comma ? "," : "");
		if (i + 1 < count && !writer->lines)
			put(writer, once(writer, 8) ? "  " : " ");
	}
	if (count > 0)
		break_flow(writer, indent);
	put(writer, pad);
	put(writer, "}");
}

static void put_tricky(struct writer *writer, const struct part *part)
{
	size_t length = strlen(part->word);
	for (size_t i = 0; i < length; i++) {
		if (part->word[i] != '@') {
			buffer_add_byte(&writer->out, part->word[i]);
			continue;
		}
		put(writer, writer->newline);
		if (i + 1 < length && part->word[i + 1] != '@')
			buffer_add_repeated(&writer->out, ' ', writer->root);
	}
	if (part->word[length - 1] != '@')
		put(writer, writer->newline);
}

static void put_block(
	struct writer *writer, const struct part *parts, size_t count, unsigned indent);

static void put_block_mapping(struct writer *writer, const struct part *part, unsigned indent)
{
	unsigned step = once(writer, 8) ? 3 : writer->step;
	if (part->anchor || part->tag)
		put(writer, " ");
	put_properties(writer, part);
	end_line(writer);
	put_block(writer, part->parts, part->count, indent + step);
}

static void put_block_scalar(struct writer *writer, const struct part *part, unsigned indent)
{
	put(writer, once(writer, 2) ? " >-" : " |-");
	end_line(writer);
	buffer_add_repeated(&writer->out, ' ', indent + 2);
	put(writer, part->word);
	put(writer, writer->newline);
}

static void put_block_value(struct writer *writer, const struct part *part, unsigned indent)
{
	if (part->shape == PART_TRICKY) {
		put_tricky(writer, part);
		return;
	}
	if (part->shape == PART_MAPPING && part->count > 0 && once(writer, 2)) {
		put_block_mapping(writer, part, indent);
		return;
	}
	if (part->shape == PART_STRING && !part->anchor && !part->tag && once(writer, 40)) {
		put_block_scalar(writer, part, indent);
		return;
	}
	if (part->shape != PART_NULL || part->anchor || !once(writer, 2)) {
		buffer_add_repeated(&writer->out, ' ', once(writer, 8) ? 3 : 1);
		put_properties(writer, part);
		writer->lines = once(writer, 4);
		if (part->shape == PART_MAPPING)
			put_flow(writer, part->parts, part->count, indent + writer->step);
		else
			put_scalar(writer, part);
	}
	end_line(writer);
}

static void put_block(
	struct writer *writer, const struct part *parts, size_t count, unsigned indent)
{
	for (size_t i = 0; i < count; i++) {
		bool explicit = parts[i].shape != PART_TRICKY && once(writer, 60);
		put_gap(writer, indent);
		buffer_add_repeated(&writer->out, ' ', indent);
		if (explicit) {
			put(writer, "? ");
			put(writer, parts[i].key);
			end_line(writer);
			buffer_add_repeated(&writer->out, ' ', indent);
		} else {
			put_key(writer, parts[i].key);
		}
		put(writer, ":");
		put_block_value(writer, &parts[i], indent);
	}
}

static void put_head(struct writer *writer)
{
	if (writer->strict)
		return;
	put(writer, once(writer, 12) ? "\xef\xbb\xbf" : "");
	if (once(writer, 6)) {
		put_gap(writer, 0);
		if (once(writer, 5))
			buffer_printf(&writer->out, "%%YAML 1.1%s", writer->newline);
		put(writer, "---");
		end_line(writer);
	}
}

static void put_foot(struct writer *writer, bool block)
{
	if (!block)
		end_line(writer);
	put_gap(writer, 0);
	if (!writer->strict && once(writer, 20)) {
		put(writer, "...");
		end_line(writer);
	}
	size_t newline = strlen(writer->newline);
	if (once(writer, 5) && text_ends_with(buffer_text(&writer->out), writer->newline))
		writer->out.length -= newline;
}

struct text parts_write(
	struct arena *arena, struct random *random, const struct part *parts, size_t count)
{
	struct writer writer = { .random = random, .newline = "\n", .step = 2 };
	buffer_init(&writer.out, arena, 1024);
	if (once(&writer, 6))
		writer.newline = once(&writer, 6) ? "\r" : "\r\n";
	if (once(&writer, 3))
		writer.step = 1 + (unsigned)random_below(random, 4);
	bool block = !once(&writer, 4);
	writer.root = once(&writer, 8) ? 2 : 0;
	writer.json = !block && once(&writer, 2);
	writer.strict = writer.json && once(&writer, 2);
	put_head(&writer);
	if (block) {
		put_block(&writer, parts, count, writer.root);
	} else {
		put_gap(&writer, 0);
		writer.lines = once(&writer, 2);
		put_flow(&writer, parts, count, writer.root);
	}
	put_foot(&writer, block);
	return buffer_text(&writer.out);
}
