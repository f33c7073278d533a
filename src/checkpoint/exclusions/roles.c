/* Which part of a model a name belongs to, by the parts of the name. */
#include "checkpoint/checkpoint.h"
#include "checkpoint/names/digits.h"

#include <string.h>

static const char *const names[ROLE_COUNT] = {
	[ROLE_ATTENTION] = "attention",
	[ROLE_ROUTER] = "router",
	[ROLE_EXPERTS] = "experts",
	[ROLE_SHARED_EXPERTS] = "shared_experts",
	[ROLE_MLP] = "mlp",
	[ROLE_LM_HEAD] = "lm_head",
	[ROLE_EMBEDDINGS] = "embeddings",
	[ROLE_NORM] = "norm",
	[ROLE_VISION] = "vision",
	[ROLE_PROJECTOR] = "projector",
	[ROLE_MTP] = "mtp",
	[ROLE_OTHER] = "other",
};

const char *role_name(enum role role)
{
	return role < ROLE_COUNT ? names[role] : NULL;
}

enum part_kind {
	PART_IS,       /* a part of the name is this */
	PART_HAS,      /* the name has this in it */
	PART_BEGINS,   /* a part of the name begins with this */
	PART_IS_WHOLE, /* the name is this and nothing else */
};

struct name_part {
	const char *text;
	size_t length;
	enum part_kind kind;
	enum role role;
};

#define PART(text, kind, role)                                                                     \
	{                                                                                          \
		(text), sizeof(text) - 1, (kind), (role)                                           \
	}

/* The first row that meets any part of a name decides. */
static const struct name_part parts[] = {
	PART("projector", PART_HAS, ROLE_PROJECTOR),
	PART("merger", PART_HAS, ROLE_PROJECTOR),
	PART("connector", PART_IS, ROLE_PROJECTOR),
	PART("modality_projection", PART_IS, ROLE_PROJECTOR),
	PART("aligner", PART_IS, ROLE_PROJECTOR),
	PART("embed_vision", PART_BEGINS, ROLE_PROJECTOR),
	PART("embed_audio", PART_BEGINS, ROLE_PROJECTOR),
	PART("vision", PART_HAS, ROLE_VISION),
	PART("visual", PART_HAS, ROLE_VISION),
	PART("image", PART_BEGINS, ROLE_VISION),
	PART("patch_embed", PART_BEGINS, ROLE_VISION),
	PART("vit", PART_IS, ROLE_VISION),
	PART("mtp", PART_BEGINS, ROLE_MTP),
	PART("nextn", PART_BEGINS, ROLE_MTP),
	PART("eh_proj", PART_IS, ROLE_MTP),
	PART("lm_head", PART_HAS, ROLE_LM_HEAD),
	PART("embed_out", PART_IS, ROLE_LM_HEAD),
	PART("output_layer", PART_IS, ROLE_LM_HEAD),
	PART("head", PART_IS_WHOLE, ROLE_LM_HEAD),
	PART("norm", PART_HAS, ROLE_NORM),
	PART("ln_", PART_BEGINS, ROLE_NORM),
	PART("embed", PART_HAS, ROLE_EMBEDDINGS),
	PART("wte", PART_IS, ROLE_EMBEDDINGS),
	PART("wpe", PART_IS, ROLE_EMBEDDINGS),
	PART("shared_expert", PART_BEGINS, ROLE_SHARED_EXPERTS),
	PART("share_expert", PART_BEGINS, ROLE_SHARED_EXPERTS),
	PART("shared_mlp", PART_IS, ROLE_SHARED_EXPERTS),
	PART("attn", PART_HAS, ROLE_ATTENTION),
	PART("attention", PART_HAS, ROLE_ATTENTION),
	PART("indexer", PART_IS, ROLE_ATTENTION),
	PART("qkv", PART_HAS, ROLE_ATTENTION),
	PART("q_proj", PART_IS, ROLE_ATTENTION),
	PART("k_proj", PART_IS, ROLE_ATTENTION),
	PART("v_proj", PART_IS, ROLE_ATTENTION),
	PART("o_proj", PART_IS, ROLE_ATTENTION),
	PART("q_a_proj", PART_IS, ROLE_ATTENTION),
	PART("q_b_proj", PART_IS, ROLE_ATTENTION),
	PART("kv_a_proj", PART_BEGINS, ROLE_ATTENTION),
	PART("kv_b_proj", PART_IS, ROLE_ATTENTION),
	PART("query_key_value", PART_IS, ROLE_ATTENTION),
	PART("wq", PART_BEGINS, ROLE_ATTENTION),
	PART("wkv", PART_BEGINS, ROLE_ATTENTION),
	PART("gate", PART_IS, ROLE_ROUTER),
	PART("router", PART_HAS, ROLE_ROUTER),
	PART("e_score_correction_bias", PART_IS, ROLE_ROUTER),
	PART("expert", PART_BEGINS, ROLE_EXPERTS),
	PART("block_sparse_moe", PART_IS, ROLE_EXPERTS),
	PART("moe", PART_IS, ROLE_EXPERTS),
	PART("mlp", PART_HAS, ROLE_MLP),
	PART("ffn", PART_HAS, ROLE_MLP),
	PART("feed_forward", PART_BEGINS, ROLE_MLP),
	PART("gate_proj", PART_IS, ROLE_MLP),
	PART("up_proj", PART_IS, ROLE_MLP),
	PART("down_proj", PART_IS, ROLE_MLP),
	PART("gate_up_proj", PART_IS, ROLE_MLP),
	PART("fc1", PART_IS, ROLE_MLP),
	PART("fc2", PART_IS, ROLE_MLP),
	PART("dense_h_to_4h", PART_IS, ROLE_MLP),
	PART("dense_4h_to_h", PART_IS, ROLE_MLP),
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))
_Static_assert(PARTS <= 64, "a row is a bit of 64");

#define PARTS_OF_NAME 24

/* Part of an alternative "(gate|up)_proj": no name of its own. */
struct token {
	struct text text;
	bool fragment;
};

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static bool groups(char c)
{
	return c == '(' || c == '|' || c == ')';
}

static bool in_group(struct text name, size_t start, size_t end)
{
	return (start > 0 && groups(name.data[start - 1])) ||
	       (end < name.length && groups(name.data[end]));
}

/* The words between dots, wildcards and escapes; digits alone say nothing. */
static size_t split(struct text name, struct token tokens[PARTS_OF_NAME])
{
	size_t count = 0;
	for (size_t i = 0; i < name.length && count < PARTS_OF_NAME;) {
		if (name.data[i] == '\\') {
			i += 2;
			continue;
		}
		size_t start = i;
		while (i < name.length && in_name(name.data[i]))
			i++;
		if (i == start) {
			i++;
			continue;
		}
		if (name.data[start] >= '0' && name.data[start] <= '9')
			continue;
		tokens[count].text = (struct text){ name.data + start, i - start };
		tokens[count++].fragment = in_group(name, start, i);
	}
	return count;
}

static bool meets(const struct name_part *part, const struct token *token, size_t count)
{
	if (token->text.length < part->length ||
		memcmp(token->text.data, part->text, part->length) != 0)
		return false;
	bool whole = token->text.length == part->length;
	switch (part->kind) {
	case PART_IS:
		/* "gate" in a group is half of gate_proj; a whole name is itself there, too. */
		return whole && (!token->fragment || strchr(part->text, '_'));
	case PART_IS_WHOLE:
		return whole && count == 1;
	default:
		return true;
	}
}

/* A name, split when that is first needed. */
struct name {
	struct text text;
	struct token tokens[PARTS_OF_NAME];
	size_t count;
	bool split;
};

static bool any_meets(const struct name_part *part, struct name *name)
{
	if (!name->split)
		name->count = split(name->text, name->tokens);
	name->split = true;
	for (size_t i = 0; i < name->count; i++)
		if (meets(part, &name->tokens[i], name->count))
			return true;
	return false;
}

/* memmem() prepares itself for long texts, which takes longer than a name does. */
static bool has(struct text name, const struct name_part *part)
{
	const char *at = name.data, *end = name.data + name.length;
	while ((at = memchr(at, part->text[0], (size_t)(end - at)))) {
		if ((size_t)(end - at) >= part->length && memcmp(at, part->text, part->length) == 0)
			return true;
		at++;
	}
	return false;
}

/* What is beyond ASCII may be taken for a letter: only names that cannot match are told here. */
static unsigned letter(char c)
{
	return (unsigned char)c & 127;
}

void role_finder_init(struct role_finder *finder)
{
	*finder = (struct role_finder){ .first = { 0 } };
	for (size_t row = 0; row < PARTS; row++) {
		finder->first[letter(parts[row].text[0])] |= (uint64_t)1 << row;
		finder->second[letter(parts[row].text[1])] |= (uint64_t)1 << row;
	}
}

static enum role find(const struct role_finder *finder, struct text text)
{
	uint64_t rows = 0, begun = 0;
	for (size_t i = 0; i < text.length; i++) {
		rows |= begun & finder->second[letter(text.data[i])];
		begun = finder->first[letter(text.data[i])];
	}
	struct name name;
	name.text = text;
	name.split = false;
	for (; rows != 0; rows &= rows - 1) {
		const struct name_part *part = &parts[__builtin_ctzll(rows)];
		if (part->kind == PART_HAS ? has(text, part) : any_meets(part, &name))
			return part->role;
	}
	return ROLE_OTHER;
}

/* Whether the part that `i` is in begins with a digit: split() passes it over. */
static bool is_numbered(struct text name, size_t i)
{
	while (i > 0 && in_name(name.data[i - 1]))
		i--;
	return is_digit(name.data[i]);
}

/* Where they differ first, from `i` on; the length of both when they do not. */
static size_t difference(struct text a, struct text b, size_t i)
{
	while (i + 8 <= a.length && memcmp(a.data + i, b.data + i, 8) == 0)
		i += 8;
	while (i < a.length && a.data[i] == b.data[i])
		i++;
	return i;
}

/* Whether they differ only in what split() passes over, as in the numbers of layers. */
static bool same_kind(struct text a, struct text b)
{
	if (a.length != b.length)
		return false;
	size_t first = difference(a, b, 0);
	for (size_t i = first; i < a.length; i = difference(a, b, i + 1))
		if (!is_digit(a.data[i]) || !is_digit(b.data[i]) || !is_numbered(a, i))
			return false;
	/* Behind a backslash words begin elsewhere. */
	return first == a.length || !memchr(a.data, '\\', a.length);
}

/* By how a name ends: kinds that share a slot only forget each other. */
static size_t slot_of(struct text name)
{
	uint64_t end = 0;
	size_t length = name.length < sizeof(end) ? name.length : sizeof(end);
	if (length > 0)
		memcpy(&end, name.data + name.length - length, length);
	return ((end + name.length) * 0x9e3779b97f4a7c15u >> 32) % ROLES_REMEMBERED;
}

enum role role_of(struct role_finder *finder, struct text text)
{
	size_t slot = slot_of(text);
	if (text.length == 0 || !same_kind(finder->met[slot].name, text)) {
		finder->met[slot].role = find(finder, text);
		finder->met[slot].name = text;
	}
	return finder->met[slot].role;
}
