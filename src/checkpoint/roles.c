/* Which part of a model a name belongs to, by the parts of the name. */
#include "checkpoint/checkpoint.h"

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
	PART_HAS,      /* a part of the name has this in it */
	PART_BEGINS,   /* a part of the name begins with this */
	PART_IS_WHOLE, /* the name is this and nothing else */
};

struct name_part {
	const char *text;
	enum part_kind kind;
	enum role role;
};

/* The first row that meets any part of a name decides. */
static const struct name_part parts[] = {
	{ "projector", PART_HAS, ROLE_PROJECTOR },
	{ "merger", PART_HAS, ROLE_PROJECTOR },
	{ "connector", PART_IS, ROLE_PROJECTOR },
	{ "aligner", PART_IS, ROLE_PROJECTOR },
	{ "embed_vision", PART_BEGINS, ROLE_PROJECTOR },
	{ "embed_audio", PART_BEGINS, ROLE_PROJECTOR },
	{ "vision", PART_HAS, ROLE_VISION },
	{ "visual", PART_HAS, ROLE_VISION },
	{ "image", PART_BEGINS, ROLE_VISION },
	{ "patch_embed", PART_BEGINS, ROLE_VISION },
	{ "vit", PART_IS, ROLE_VISION },
	{ "mtp", PART_BEGINS, ROLE_MTP },
	{ "nextn", PART_BEGINS, ROLE_MTP },
	{ "eh_proj", PART_IS, ROLE_MTP },
	{ "lm_head", PART_HAS, ROLE_LM_HEAD },
	{ "embed_out", PART_IS, ROLE_LM_HEAD },
	{ "output_layer", PART_IS, ROLE_LM_HEAD },
	{ "head", PART_IS_WHOLE, ROLE_LM_HEAD },
	{ "norm", PART_HAS, ROLE_NORM },
	{ "ln_", PART_BEGINS, ROLE_NORM },
	{ "embed", PART_HAS, ROLE_EMBEDDINGS },
	{ "wte", PART_IS, ROLE_EMBEDDINGS },
	{ "wpe", PART_IS, ROLE_EMBEDDINGS },
	{ "shared_expert", PART_BEGINS, ROLE_SHARED_EXPERTS },
	{ "share_expert", PART_BEGINS, ROLE_SHARED_EXPERTS },
	{ "shared_mlp", PART_IS, ROLE_SHARED_EXPERTS },
	{ "attn", PART_HAS, ROLE_ATTENTION },
	{ "attention", PART_HAS, ROLE_ATTENTION },
	{ "indexer", PART_IS, ROLE_ATTENTION },
	{ "qkv", PART_HAS, ROLE_ATTENTION },
	{ "q_proj", PART_IS, ROLE_ATTENTION },
	{ "k_proj", PART_IS, ROLE_ATTENTION },
	{ "v_proj", PART_IS, ROLE_ATTENTION },
	{ "o_proj", PART_IS, ROLE_ATTENTION },
	{ "q_a_proj", PART_IS, ROLE_ATTENTION },
	{ "q_b_proj", PART_IS, ROLE_ATTENTION },
	{ "kv_a_proj", PART_BEGINS, ROLE_ATTENTION },
	{ "kv_b_proj", PART_IS, ROLE_ATTENTION },
	{ "query_key_value", PART_IS, ROLE_ATTENTION },
	{ "wq", PART_BEGINS, ROLE_ATTENTION },
	{ "wkv", PART_BEGINS, ROLE_ATTENTION },
	{ "gate", PART_IS, ROLE_ROUTER },
	{ "router", PART_HAS, ROLE_ROUTER },
	{ "e_score_correction_bias", PART_IS, ROLE_ROUTER },
	{ "expert", PART_BEGINS, ROLE_EXPERTS },
	{ "block_sparse_moe", PART_IS, ROLE_EXPERTS },
	{ "moe", PART_IS, ROLE_EXPERTS },
	{ "mlp", PART_HAS, ROLE_MLP },
	{ "ffn", PART_HAS, ROLE_MLP },
	{ "feed_forward", PART_BEGINS, ROLE_MLP },
	{ "gate_proj", PART_IS, ROLE_MLP },
	{ "up_proj", PART_IS, ROLE_MLP },
	{ "down_proj", PART_IS, ROLE_MLP },
	{ "gate_up_proj", PART_IS, ROLE_MLP },
	{ "fc1", PART_IS, ROLE_MLP },
	{ "fc2", PART_IS, ROLE_MLP },
	{ "dense_h_to_4h", PART_IS, ROLE_MLP },
	{ "dense_4h_to_h", PART_IS, ROLE_MLP },
};

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

static bool in_group(struct text name, size_t start, size_t end)
{
	bool before = start > 0 && strchr("(|)", name.data[start - 1]);
	return before || (end < name.length && strchr("(|)", name.data[end]));
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
	switch (part->kind) {
	case PART_IS:
		/* "gate" in a group is half of gate_proj; a whole name is itself there, too. */
		return text_is(token->text, part->text) &&
		       (!token->fragment || strchr(part->text, '_'));
	case PART_HAS:
		return text_contains(token->text, part->text);
	case PART_BEGINS:
		return text_starts_with(token->text, part->text);
	case PART_IS_WHOLE:
		return count == 1 && text_is(token->text, part->text);
	}
	return false;
}

enum role role_of(struct text name)
{
	struct token tokens[PARTS_OF_NAME];
	size_t count = split(name, tokens);
	for (size_t row = 0; row < sizeof(parts) / sizeof(parts[0]); row++)
		for (size_t i = 0; i < count; i++)
			if (meets(&parts[row], &tokens[i], count))
				return parts[row].role;
	return ROLE_OTHER;
}
