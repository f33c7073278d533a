/* Keywords that a request hands to its config class: what the class raises on, misreads or does not know. */
#include "checkpoint/weights/skip_list.h"
#include "resolve/listing.h"
#include "resolve/override.h"

struct keywords {
	enum backend backend;
	enum method method;
	const char *names[13];
};

/* What the classes' constructors name; they swallow everything else without a word. */
static const struct keywords keywords[] = {
	{
		.backend = BACKEND_MXFP4,
		.method = METHOD_MXFP4,
		.names = { "modules_to_not_convert", "dequantize", "quant_method" },
	},
	{
		.backend = BACKEND_FP8,
		.method = METHOD_FP8,
		.names = { "activation_scheme", "weight_block_size", "dequantize",
			"modules_to_not_convert", "ignored_layers", "scale_fmt", "quant_method" },
	},
	/* Axolotl's own merge reads blocksize. */
	{
		.backend = BACKEND_BNB,
		.method = METHOD_BITSANDBYTES,
		.names = { "load_in_4bit", "load_in_8bit", "llm_int8_threshold",
			"llm_int8_skip_modules", "llm_int8_enable_fp32_cpu_offload",
			"llm_int8_has_fp16_weight", "bnb_4bit_compute_dtype", "bnb_4bit_quant_type",
			"bnb_4bit_use_double_quant", "bnb_4bit_quant_storage", "quant_method",
			"blocksize" },
	},
};

struct judgement {
	struct arena *arena;
	struct listing refused;
	struct listing misread;
	struct listing unknown;
};

static bool is_keyword(const struct keywords *known, struct text name)
{
	for (size_t i = 0; known->names[i]; i++)
		if (text_is(name, known->names[i]))
			return true;
	return false;
}

static void add_value(struct judgement *judgement, struct listing *listing,
	const struct member *member, const char *why)
{
	struct text value = short_words(judgement->arena, member->value);
	listing_add(listing, member->key,
		arena_printf(judgement->arena, "%.*s (%s)", TEXT_ARGUMENTS(value), why));
}

static void add_refused(struct judgement *judgement, const struct member *member, const char *takes)
{
	add_value(judgement, &judgement->refused, member,
		arena_printf(judgement->arena, "it takes %s", takes).data);
}

static void judge(
	struct judgement *judgement, const struct keywords *known, const struct member *member)
{
	struct arena *arena = judgement->arena;
	if (!is_keyword(known, member->key)) {
		listing_add(&judgement->unknown, name_words(arena, member->key), TEXT(""));
		return;
	}
	const char *takes = method_refuses(arena, known->method, member->key, member->value);
	const char *why = method_misreads(arena, known->method, member->key, member->value);
	if (takes)
		add_refused(judgement, member, takes);
	else if (why)
		add_value(judgement, &judgement->misread, member, why);
}

static bool switched(const struct node *kwargs, const char *key, bool otherwise)
{
	const struct node *value = node_get(kwargs, key);
	return value ? value->kind == NODE_BOOLEAN && value->boolean : otherwise;
}

/* The loader's own arguments have load_in_4bit: true, and the class raises on both. */
static void judge_flags(struct judgement *judgement, const struct node *kwargs)
{
	const struct member *eight = node_member(kwargs, TEXT("load_in_8bit"));
	if (switched(kwargs, "load_in_8bit", false) && switched(kwargs, "load_in_4bit", true))
		add_refused(
			judgement, eight, "false beside load_in_4bit: true, which the loader sets");
}

static void judge_all(
	struct judgement *judgement, const struct keywords *known, const struct node *kwargs)
{
	listing_begin(&judgement->refused, judgement->arena);
	listing_begin(&judgement->misread, judgement->arena);
	listing_begin(&judgement->unknown, judgement->arena);
	if (known->backend == BACKEND_BNB)
		judge_flags(judgement, kwargs);
	for (uint32_t i = 0; i < kwargs->count; i++)
		judge(judgement, known, &kwargs->members[i]);
}

/* bnb_config_kwargs where the loader lays them over its own arguments. */
static const struct node *bnb_kwargs(const struct facts *facts)
{
	bool reached = is_set(facts, KEY_BNB_CONFIG_KWARGS) && base_is(facts, BACKEND_BNB) &&
		       base_has_dtype(facts, DTYPE_NF4) && base_reaches_loader(facts) &&
		       !checkpoint_overridden(facts) && !checkpoint_handed_on(facts);
	const struct node *value = facts->settings[KEY_BNB_CONFIG_KWARGS].value;
	return reached && value->kind == NODE_MAPPING ? value : NULL;
}

/* mxfp4 reads the list only where it quantizes while loading: the experts of gpt_oss. */
static bool list_is_read(const struct facts *facts)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	if (!base_reaches_loader(facts) || switched(base_kwargs(facts), "dequantize", false))
		return false;
	if (base_is(facts, BACKEND_MXFP4))
		return checkpoint && !checkpoint->quantized &&
		       text_is(checkpoint->model_type, "gpt_oss");
	return !checkpoint_quantized(facts) || checkpoint_overridden(facts);
}

static const struct node *skip_list_of(const struct facts *facts, const char **ret_name)
{
	const struct node *kwargs = base_kwargs(facts);
	if (!list_is_read(facts))
		return NULL;
	if (base_is(facts, BACKEND_BNB)) {
		*ret_name = "llm_int8_skip_modules";
		return node_get(bnb_kwargs(facts), *ret_name);
	}
	bool other = base_is(facts, BACKEND_FP8) &&
		     node_is_null(node_get(kwargs, "modules_to_not_convert"));
	*ret_name = other ? "ignored_layers" : "modules_to_not_convert";
	return node_get(kwargs, *ret_name);
}

static struct text entries_words(struct arena *arena, const struct node *list,
	const struct skip_list *skips, enum skip_verdict verdict)
{
	struct listing words;
	listing_begin(&words, arena);
	for (size_t i = 0; i < skips->count; i++) {
		const struct skip_entry *entry = &skips->entries[i];
		if (entry->verdict != verdict)
			continue;
		struct text detail = entry->detail;
		if (detail.length > 0)
			detail = arena_printf(arena, " (%.*s)", TEXT_ARGUMENTS(detail));
		listing_add(&words,
			arena_printf(arena, "%.*s%.*s",
				TEXT_ARGUMENTS(value_words(arena, list->items[i])),
				TEXT_ARGUMENTS(detail)),
			TEXT(""));
	}
	return listing_end(&words);
}

static void read_skip_list(struct resolver *resolver)
{
	struct facts *facts = &resolver->facts;
	const char *name;
	const struct node *list = skip_list_of(facts, &name);
	struct skip_list skips;
	bool plain = facts->checkpoint && !facts->checkpoint->quantized;
	if (!list || list->kind != NODE_SEQUENCE ||
		!skip_list_judge(
			resolver->arena, list, plain ? facts->checkpoint->weights : NULL, &skips))
		return;
	facts->skips.name = text_of(name);
	facts->skips.refused = entries_words(resolver->arena, list, &skips, SKIP_REFUSED);
	facts->skips.idle = entries_words(resolver->arena, list, &skips, SKIP_IDLE);
	facts->skips.drops_head = !skips.keeps_head && !base_is(facts, BACKEND_MXFP4) &&
				  !checkpoint_quantized(facts) && facts->skips.refused.length == 0;
}

void keywords_read(struct resolver *resolver)
{
	struct facts *facts = &resolver->facts;
	struct judgement judgement = { .arena = resolver->arena };
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		bool bnb = keywords[i].backend == BACKEND_BNB;
		const struct node *kwargs = bnb ? bnb_kwargs(facts) : base_kwargs(facts);
		if (!kwargs || !base_is(facts, keywords[i].backend))
			continue;
		judge_all(&judgement, &keywords[i], kwargs);
		facts->kwargs_refused = listing_end(&judgement.refused);
		facts->kwargs_misread = listing_end(&judgement.misread);
		facts->kwargs_unknown = listing_end(&judgement.unknown);
	}
	read_skip_list(resolver);
}
