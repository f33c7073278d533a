#include "service/requests/parameters.h"

#include <string.h>

#include "base/utf8.h"

#define TEXT_MAXIMUM 1024

static const struct parameter_row *find_row(const struct parameter_row *rows, struct text name)
{
	for (; rows && rows->name; rows++)
		if (text_is(name, rows->name))
			return rows;
	return NULL;
}

static bool is_allowed(const char *const *allowed, struct text value)
{
	for (; allowed && *allowed; allowed++)
		if (text_is(value, *allowed))
			return true;
	return false;
}

/* Cuts the next word off a comma list. */
static struct text next_word(struct text *list)
{
	const char *comma = memchr(list->data, ',', list->length);
	struct text word = { list->data, comma ? (size_t)(comma - list->data) : list->length };
	*list = text_from(*list, word.length + 1);
	return text_trim(word);
}

static bool list_is_sound(const struct parameter_row *row, struct text list)
{
	if (list.length == 0)
		return false;
	while (list.length > 0)
		if (!is_allowed(row->allowed, next_word(&list)))
			return false;
	return true;
}

static bool text_is_sound(struct text value)
{
	if (value.length == 0 || value.length > TEXT_MAXIMUM ||
		utf8_first_fault(value) < value.length)
		return false;
	for (size_t i = 0; i < value.length; i++)
		if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f)
			return false;
	return true;
}

static bool value_is_sound(const struct parameter_row *row, const struct parameter *parameter)
{
	struct text value = parameter->value;
	if (parameter->form == VALUE_ABSENT)
		return true;
	if (parameter->form == VALUE_LIST)
		return row->kind == PARAMETER_LIST &&
		       (value.length == 0 || list_is_sound(row, value));
	switch (row->kind) {
	case PARAMETER_CHOICE:
		return is_allowed(row->allowed, value);
	case PARAMETER_LIST:
		return list_is_sound(row, value);
	case PARAMETER_TEXT:
		return parameter->form == VALUE_STRING && text_is_sound(value);
	case PARAMETER_FLAG:
		return value.length == 0 || text_is(value, "true") || text_is(value, "1");
	}
	return false;
}

static const char *const *row_names(const struct parameter_row *rows, struct arena *arena)
{
	size_t count = 0;
	while (rows && rows[count].name)
		count++;
	const char **names = ARENA_ARRAY(arena, const char *, count + 1);
	for (size_t i = 0; names && i < count; i++)
		names[i] = rows[i].name;
	return names;
}

/* At most 64 bytes of a value, so that a long one does not fill the message. */
static struct text shortened(struct arena *arena, struct text value)
{
	if (value.length <= 64)
		return value;
	return arena_printf(arena, "%.64s…", value.data);
}

static struct text joined(struct arena *arena, const char *const *words)
{
	struct buffer out;
	buffer_init(&out, arena, 128);
	for (size_t i = 0; words && words[i]; i++) {
		buffer_add_string(&out, i > 0 ? ", " : "");
		buffer_add_string(&out, words[i]);
	}
	return buffer_text(&out);
}

/* A client may choose from what is allowed; how a text must be is told to people. */
static bool refuse(struct refusal *refusal, struct arena *arena, struct text name,
	const struct parameter_row *row, const char *const *allowed, struct text detail)
{
	struct text list = joined(arena, allowed);
	refusal->problem = PROBLEM_BAD_PARAMETER;
	refusal->parameter = name;
	refusal->allowed = row && row->kind == PARAMETER_TEXT ? NULL : allowed;
	refusal->detail = list.length > 0 ? arena_printf(arena, "%.*s; there is: %.*s",
						    TEXT_ARGUMENTS(detail), TEXT_ARGUMENTS(list))
					  : detail;
	return false;
}

static bool check_one(const struct parameter_row *rows, const struct parameter *parameters,
	size_t index, struct arena *arena, struct refusal *refusal)
{
	struct text name = parameters[index].name,
		    value = shortened(arena, parameters[index].value);
	struct text shown = shortened(arena, name);
	const struct parameter_row *row = find_row(rows, name);
	if (!row)
		return refuse(refusal, arena, name, NULL, row_names(rows, arena),
			arena_printf(arena, "the parameter \"%.*s\" is not known here%s",
				TEXT_ARGUMENTS(shown), rows ? "" : ", where there are none"));
	for (size_t i = 0; i < index; i++)
		if (text_equal(parameters[i].name, name))
			return refuse(refusal, arena, name, row, row->allowed,
				arena_printf(
					arena, "the parameter \"%s\" is given twice", row->name));
	if (value_is_sound(row, &parameters[index]))
		return true;
	return refuse(refusal, arena, name, row, row->allowed,
		arena_printf(arena, "the parameter \"%s\" cannot be \"%.*s\"", row->name,
			TEXT_ARGUMENTS(value)));
}

bool parameters_check(const struct parameter_row *rows, const struct parameter *parameters,
	size_t count, struct arena *arena, struct refusal *ret_refusal)
{
	for (size_t i = 0; i < count; i++)
		if (!check_one(rows, parameters, i, arena, ret_refusal))
			return false;
	return true;
}

const struct parameter *parameter_find(
	const struct parameter *parameters, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (parameters[i].form != VALUE_ABSENT && text_is(parameters[i].name, name))
			return &parameters[i];
	return NULL;
}

bool parameter_lists(const struct parameter *parameter, const char *word)
{
	struct text list = parameter ? parameter->value : TEXT("");
	while (list.length > 0)
		if (text_is(next_word(&list), word))
			return true;
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t parameter_unescape(char *text)
{
	char *out = text;
	for (const char *in = text; *in; in++) {
		int high = *in == '%' ? hex_digit(in[1]) : -1;
		int low = high >= 0 ? hex_digit(in[2]) : -1;
		if (low >= 0 && high + low > 0) {
			*out++ = (char)(high * 16 + low);
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}
