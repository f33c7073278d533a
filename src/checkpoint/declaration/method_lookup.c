/* Finding rows of the catalogue by name. */
#include "checkpoint/declaration/methods.h"

static const char *const engine_names[ENGINE_COUNT] = {
	[ENGINE_TRANSFORMERS] = "transformers",
	[ENGINE_VLLM] = "vllm",
	[ENGINE_SGLANG] = "sglang",
	[ENGINE_TENSORRT_LLM] = "tensorrt-llm",
	[ENGINE_MLX] = "mlx",
	[ENGINE_EXLLAMA] = "exllama",
	[ENGINE_GPTQMODEL] = "gptqmodel",
	[ENGINE_LMDEPLOY] = "lmdeploy",
	[ENGINE_RTP_LLM] = "rtp-llm",
};

static const char *const grammar_names[GRAMMAR_COUNT] = {
	[GRAMMAR_TRANSFORMERS] = "transformers",
	[GRAMMAR_EXACT_RE] = "exact|re:",
	[GRAMMAR_QUARK] = "exact|re:",
	[GRAMMAR_GLOB] = "glob",
	[GRAMMAR_DYNAMIC] = "dynamic",
	[GRAMMAR_AUTO_ROUND] = "exact|suffix|regex",
	[GRAMMAR_TAGS] = "tags",
	[GRAMMAR_EXACT] = "exact",
	[GRAMMAR_FQN] = "exact|re:full",
	[GRAMMAR_PREFIX] = "prefix",
	[GRAMMAR_SEARCH] = "regex",
};

const char *engine_name(enum engine engine)
{
	return engine < ENGINE_COUNT ? engine_names[engine] : NULL;
}

const char *grammar_name(enum exclusion_grammar grammar)
{
	return grammar < GRAMMAR_COUNT ? grammar_names[grammar] : NULL;
}

const struct method_row *method_find(enum method method)
{
	for (size_t i = 0; i < method_row_count; i++)
		if (method_rows[i].method == method && method != METHOD_OTHER)
			return &method_rows[i];
	return NULL;
}

const struct method_row *method_of_transformers(struct text name)
{
	for (size_t i = 0; i < method_row_count; i++) {
		const struct method_row *row = &method_rows[i];
		if ((row->known_to & 1u << ENGINE_TRANSFORMERS) && text_is(name, row->name))
			return row;
		for (const struct spelling *other = row->spellings; other->name; other++)
			if ((other->known_to & 1u << ENGINE_TRANSFORMERS) &&
				text_is(name, other->name))
				return row;
	}
	return NULL;
}

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static bool folded_equal(struct text name, const char *spelled)
{
	struct text other = text_of(spelled);
	if (name.length != other.length)
		return false;
	for (size_t i = 0; i < name.length; i++)
		if (fold(name.data[i]) != fold(other.data[i]))
			return false;
	return true;
}

/* vLLM lower-cases names and reads compressed_tensors as compressed-tensors. */
static unsigned engines_of(struct text name, const char *spelled, unsigned known_to)
{
	if (text_is(name, spelled))
		return known_to;
	return text_equal_nocase(name, text_of(spelled)) ? known_to & 1u << ENGINE_VLLM : 0;
}

static bool recognise(
	const struct method_row *row, struct text name, bool exact, unsigned *ret_known_to)
{
	struct spelling main = { row->name, row->known_to };
	for (const struct spelling *other = &main; other->name;
		other = other == &main ? row->spellings : other + 1) {
		if (!(exact ? text_is(name, other->name) : folded_equal(name, other->name)))
			continue;
		*ret_known_to = engines_of(name, other->name, other->known_to);
		return true;
	}
	return false;
}

const struct method_row *method_recognise(struct text name, unsigned *ret_known_to)
{
	*ret_known_to = 0;
	for (int exact = 1; exact >= 0; exact--)
		for (size_t i = 0; i < method_row_count; i++)
			if (recognise(&method_rows[i], name, exact, ret_known_to))
				return &method_rows[i];
	return NULL;
}
