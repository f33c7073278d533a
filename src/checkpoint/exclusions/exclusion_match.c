/* Entries against modules' names: the grammars at their anchors, and the order where it counts. */
#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/pattern.h"

#include <string.h>

/* What one comparison costs, in letters: some to begin with; then several are looked at together. */
#define LETTERS_TO_BEGIN 4
#define LETTERS_AT_ONCE 8

/* A pattern without special characters but ".", which is any one. */
static bool dotted_prefix(struct text key, struct text name)
{
	if (name.length < key.length)
		return false;
	for (size_t i = 0; i < key.length; i++)
		if (key.data[i] != '.' && key.data[i] != name.data[i])
			return false;
	return true;
}

static bool ends_with(struct text name, struct text suffix)
{
	return suffix.length > 0 && name.length >= suffix.length &&
	       memcmp(name.data + name.length - suffix.length, suffix.data, suffix.length) == 0;
}

static bool begins_with(struct text name, struct text prefix)
{
	return name.length >= prefix.length && memcmp(name.data, prefix.data, prefix.length) == 0;
}

static bool contains(struct text name, struct text part)
{
	return part.length > 0 && name.length >= part.length &&
	       memmem(name.data, name.length, part.data, part.length);
}

static bool is_number(struct text part)
{
	for (size_t i = 0; i < part.length; i++)
		if (part.data[i] < '0' || part.data[i] > '9')
			return false;
	return part.length > 0;
}

/* hqq's name_to_linear_tag: without "model", "layers" and numbers. */
static bool tag_matches(struct text tag, struct text name)
{
	size_t at = 0;
	bool first = true;
	while (name.length > 0) {
		const char *dot = memchr(name.data, '.', name.length);
		struct text part = { name.data, dot ? (size_t)(dot - name.data) : name.length };
		name = text_from(name, part.length + 1);
		if (text_is(part, "model") || text_is(part, "layers") || is_number(part))
			continue;
		if (!first && (at == tag.length || tag.data[at++] != '.'))
			return false;
		if (!begins_with(text_from(tag, at), part))
			return false;
		at += part.length;
		first = false;
	}
	return at == tag.length && !first;
}

static bool regex_matches(
	struct pattern_pool *pool, struct exclusion *exclusion, struct text module)
{
	if (!exclusion->pattern)
		return dotted_prefix(exclusion->key, module) &&
		       (exclusion->grammar != GRAMMAR_FQN ||
			       exclusion->key.length == module.length);
	enum pattern_outcome outcome = pattern_match(pool, exclusion->pattern, module);
	if (outcome == PATTERN_LIMIT)
		exclusion->broken = true;
	return outcome == PATTERN_YES;
}

bool exclusion_matches(
	struct pattern_pool *pool, struct exclusion *exclusion, struct text module, size_t *left)
{
	struct text key = exclusion->key;
	work_spend(left, LETTERS_TO_BEGIN + module.length / LETTERS_AT_ONCE);
	if (exclusion->broken)
		return false;
	if (exclusion->regex && regex_matches(pool, exclusion, module))
		return true;
	switch (exclusion->grammar) {
	case GRAMMAR_TRANSFORMERS:
		return ends_with(module, key);
	case GRAMMAR_EXACT_RE:
	case GRAMMAR_QUARK:
	case GRAMMAR_FQN:
		return !exclusion->regex && text_equal(key, module);
	case GRAMMAR_EXACT:
		return text_equal(key, module);
	case GRAMMAR_GLOB:
		return pattern_is_special(key, false) ? glob_match(key, module, left)
						      : contains(module, key);
	case GRAMMAR_AUTO_ROUND:
		return !exclusion->regex && ends_with(module, key);
	case GRAMMAR_TAGS:
		return tag_matches(key, module);
	case GRAMMAR_PREFIX:
		return begins_with(module, key) &&
		       (module.length == key.length || module.data[key.length] == '.');
	default:
		return false;
	}
}

struct exclusion exclusion_of_request(struct pattern_pool *pool, struct text name)
{
	struct text detail;
	struct exclusion exclusion = { .name = name,
		.key = name,
		.grammar = GRAMMAR_TRANSFORMERS,
		.excludes = true,
		.regex = true };
	if (pattern_is_special(name, false)) {
		exclusion.pattern = pattern_compile(pool, name, PATTERN_START, &detail);
		exclusion.broken = !exclusion.pattern;
	}
	return exclusion;
}
