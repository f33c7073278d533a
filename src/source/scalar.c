#include "source/scalar.h"

#include "source/number.h"

#include <string.h>

/* In one word's letters or in all of them, as YAML 1.1 has it: `true`, `True`, `TRUE`. */
static bool word(struct text s, const char *lower)
{
	if (s.length != strlen(lower) || !text_equal_nocase(s, text_of(lower)))
		return false;
	size_t capitals = 0;
	for (size_t i = 0; i < s.length; i++)
		capitals += s.data[i] < 'a';
	return capitals == 0 || capitals == s.length || (capitals == 1 && s.data[0] < 'a');
}

static bool is_null(struct text s)
{
	return s.length == 0 || (s.length == 1 && s.data[0] == '~') || word(s, "null");
}

static void set(struct node *node, enum node_kind kind, struct text text)
{
	node->kind = kind;
	node->text = text;
}

static bool set_boolean(struct node *node, struct text text, bool value)
{
	set(node, NODE_BOOLEAN, text);
	node->boolean = value;
	return true;
}

static bool resolve_boolean(struct node *node, struct text s)
{
	if (s.length < 2 || s.length > 5)
		return false;
	if (word(s, "true") || word(s, "yes") || word(s, "on"))
		return set_boolean(node, s, true);
	if (word(s, "false") || word(s, "no") || word(s, "off"))
		return set_boolean(node, s, false);
	return false;
}

static bool resolve_number(struct node *node, struct arena *arena, struct text s)
{
	enum number_form form = number_json_form(s);
	if (form != NUMBER_OTHER) {
		set(node, form == NUMBER_INTEGER ? NODE_INTEGER : NODE_FLOAT, s);
		return true;
	}
	struct text digits = number_integer(arena, s);
	if (digits.data) {
		set(node, NODE_INTEGER, digits);
		return true;
	}
	digits = number_float(arena, s);
	if (digits.data)
		set(node, NODE_FLOAT, digits);
	return digits.data != NULL;
}

void scalar_resolve(struct node *node, struct arena *arena, struct text written)
{
	set(node, NODE_STRING, written);
	char first = written.length > 0 ? written.data[0] : '~';
	switch (first) {
	case '~':
	case 'n':
	case 'N':
		if (is_null(written))
			node->kind = NODE_NULL;
		else
			resolve_boolean(node, written);
		return;
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case 'f':
	case 'F':
	case 'o':
	case 'O':
		resolve_boolean(node, written);
		return;
	case '-':
	case '+':
	case '.':
		if (written.length < 2)
			return;
		__attribute__((fallthrough));
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		resolve_number(node, arena, written);
		return;
	default:
		return;
	}
}

static bool as_boolean(struct node *node, struct text s)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (text_equal_nocase(s, text_of(yes[i])))
			return set_boolean(node, s, true);
		if (text_equal_nocase(s, text_of(no[i])))
			return set_boolean(node, s, false);
	}
	return false;
}

static bool as_float(struct node *node, struct arena *arena, struct text s)
{
	struct text unsigned_part =
		text_from(s, s.length > 0 && (s.data[0] == '-' || s.data[0] == '+'));
	if (text_equal_nocase(unsigned_part, TEXT(".inf")) || text_equal_nocase(s, TEXT(".nan")))
		return true; /* a string, as everywhere */
	struct text digits = number_float(arena, s);
	/* A point makes an integer a float, without changing it. */
	if (!digits.data)
		digits = number_float(arena, arena_printf(arena, "%.*s.", TEXT_ARGUMENTS(s)));
	if (digits.data)
		set(node, NODE_FLOAT, digits);
	return digits.data != NULL;
}

static bool base64_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

static bool is_base64(struct text s)
{
	size_t letters = 0;
	size_t padding = 0;
	for (size_t i = 0; i < s.length; i++) {
		char c = s.data[i];
		if (c == ' ' || c == '\t' || c == '\n')
			continue;
		if (c != '=' && (padding > 0 || !base64_letter(c)))
			return false;
		letters += c != '=';
		padding += c == '=';
	}
	return padding <= 2 && (letters + padding) % 4 == 0;
}

/* Takes between `least` and `most` digits from the front. */
static bool take_digits(struct text *s, size_t least, size_t most)
{
	size_t count = 0;
	while (count < s->length && count < most && s->data[count] >= '0' && s->data[count] <= '9')
		count++;
	*s = text_from(*s, count);
	return count >= least;
}

static bool take_byte(struct text *s, char byte)
{
	if (s->length == 0 || s->data[0] != byte)
		return false;
	*s = text_from(*s, 1);
	return true;
}

static bool take_blanks(struct text *s)
{
	size_t before = s->length;
	while (take_byte(s, ' ') || take_byte(s, '\t'))
		continue;
	return s->length < before;
}

static bool is_zone(struct text s)
{
	take_blanks(&s);
	if (s.length == 0 || text_is(s, "Z"))
		return true;
	if (!(take_byte(&s, '+') || take_byte(&s, '-')) || !take_digits(&s, 1, 2))
		return false;
	return s.length == 0 || (take_byte(&s, ':') && take_digits(&s, 2, 2) && s.length == 0);
}

static bool is_timestamp(struct text s)
{
	if (!take_digits(&s, 4, 4) || !take_byte(&s, '-') || !take_digits(&s, 1, 2) ||
		!take_byte(&s, '-') || !take_digits(&s, 1, 2))
		return false;
	if (s.length == 0)
		return true;
	if (!(take_byte(&s, 'T') || take_byte(&s, 't') || take_blanks(&s)))
		return false;
	if (!take_digits(&s, 1, 2) || !take_byte(&s, ':') || !take_digits(&s, 2, 2) ||
		!take_byte(&s, ':') || !take_digits(&s, 2, 2))
		return false;
	if (take_byte(&s, '.'))
		take_digits(&s, 0, SIZE_MAX);
	return is_zone(s);
}

bool scalar_is_date(const struct node *node)
{
	struct text written = node->written;
	bool full = written.length == sizeof("2024-01-01") - 1 || text_contains(written, ":");
	return node->kind == NODE_STRING && !node->quoted && full && is_timestamp(written);
}

bool scalar_resolve_as(
	struct node *node, struct arena *arena, struct text contents, const char *tag)
{
	struct text kind = text_of(tag);
	set(node, NODE_STRING, contents);
	if (!text_starts_with(kind, "tag:yaml.org,2002:"))
		return false;
	kind = text_from(kind, strlen("tag:yaml.org,2002:"));
	if (text_is(kind, "str"))
		return true;
	if (text_is(kind, "null")) {
		node->kind = NODE_NULL;
		return true; /* whatever stands there: the loader does not look */
	}
	if (text_is(kind, "bool"))
		return as_boolean(node, contents);
	if (text_is(kind, "int"))
		return resolve_number(node, arena, contents) && node->kind == NODE_INTEGER;
	if (text_is(kind, "float"))
		return as_float(node, arena, contents);
	if (text_is(kind, "binary"))
		return is_base64(contents);
	return text_is(kind, "timestamp") && is_timestamp(contents);
}
