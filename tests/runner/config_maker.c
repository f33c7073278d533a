#include "runner/config_maker.h"

#include "runner/config_parts.h"

#include <string.h>

struct base_choice {
	const char *backend;
	const char *dtype; /* NULL: none */
	bool four_bits;
};

static const struct base_choice bases[] = {
	{ "bnb", "nf4", true },
	{ "bnb", "int8", false },
	{ "torchao", "int4", true },
	{ "torchao", "nf4", true },
	{ "torchao", "nvfp4", true },
	{ "torchao", "int8", false },
	{ "torchao", "fp8", false },
	{ "mxfp4", NULL, false },
	{ "fp8", NULL, false },
};

/* Unrelated entries, and how the same value is written in flow style. */
static const struct part others[] = {
	{ .key = "base_model", .shape = PART_STRING, .word = "org/model" },
	{ .key = "learning_rate", .shape = PART_NUMBER, .word = "0.00020" },
	{ .key = "sequence_len", .shape = PART_NUMBER, .word = "4_096" },
	{ .key = "bf16", .shape = PART_STRING, .word = "auto" },
	{ .key = "val_set_size", .shape = PART_NULL },
	{ .key = "datasets",
		.shape = PART_TRICKY,
		.word = "@  - path: a/b # adapter: qlora@    type: alpaca@  # between@  - {path: c, type: \"d # e\"}",
		.flow = "[{path: a/b, type: alpaca}, {\"path\": c}]" },
	{ .key = "special_tokens",
		.shape = PART_TRICKY,
		.word = "@@  pad: '<|end|> # no'@  eos: \"a: {b}, #c\"@",
		.flow = "{pad: '<|end|> # no', eos: \"a: {b}, #c\"}" },
	{ .key = "chat_template_jinja",
		.shape = PART_TRICKY,
		.word = " |@  load_in_4bit: true@@  # adapter: qlora@    deeper@",
		.flow = "\"x\\ny # z\"" },
	{ .key = "notes",
		.shape = PART_TRICKY,
		.word = " >-  # a comment@   folded # text@   more@",
		.flow = "'it''s, # fine'" },
	{ .key = "keeps",
		.shape = PART_TRICKY,
		.word = " |2+@    two more@  adapter: lora@@",
		.flow = "\"{\"" },
	{ .key = "plain",
		.shape = PART_TRICKY,
		.word = " one two@  three#four@@  five",
		.flow = "one two#three" },
	{ .key = "quoted",
		.shape = PART_TRICKY,
		.word = " \"first@  second # not a comment@  \\\"third\"",
		.flow = "\"a,b}\"" },
	{ .key = "name",
		.shape = PART_TRICKY,
		.word = " \xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa6\x99 # \xc3\xa9",
		.flow = "\xc3\xa9\xf0\x9f\xa6\x99" },
	{ .key = "lists",
		.shape = PART_TRICKY,
		.word = "@- 1@- - 2@  - 3@- a: b@  c: d",
		.flow = "[1, [2, 3], {a: b}]" },
	{ .key = "shared", .shape = PART_TRICKY, .word = " &s [a, b]", .flow = "&s [a, b]" },
	{ .key = "wandb_name",
		.shape = PART_TRICKY,
		.word = " 'x: # y'   # load_in_8bit: true",
		.flow = "'x: # y'" },
	{ .key = "flow_map",
		.shape = PART_TRICKY,
		.word = " {a: 1, # one@  b: [2,@ 3], }",
		.flow = "{a: 1, b: [2, 3]}" },
	{ .key = "empty_map", .shape = PART_TRICKY, .word = " {}", .flow = "{}" },
};

struct maker {
	struct arena *arena;
	struct random random;
	struct part parts[PARTS_MAXIMUM];
	size_t count;
	bool entangled;
};

static bool once(struct maker *maker, unsigned in)
{
	return random_once(&maker->random, in);
}

static struct part string(const char *key, const char *word)
{
	return (struct part){ .key = key, .shape = PART_STRING, .word = word };
}

static struct part boolean(const char *key, const char *word)
{
	return (struct part){ .key = key, .shape = PART_BOOLEAN, .word = word };
}

static void add(struct maker *maker, struct part part)
{
	if (maker->count < PARTS_MAXIMUM)
		maker->parts[maker->count++] = part;
}

static struct part mapping(struct maker *maker, const char *key, size_t capacity)
{
	return (struct part){
		.key = key,
		.shape = PART_MAPPING,
		.parts = arena_array(maker->arena, capacity, sizeof(struct part)),
	};
}

static void put(struct part *into, struct part part)
{
	into->parts[into->count++] = part;
}

static struct part kwargs(struct maker *maker, const char *key)
{
	struct part part = mapping(maker, key, 4);
	put(&part, boolean("dequantize", "true"));
	if (once(maker, 2))
		put(&part, string("odd", "a b # c"));
	if (once(maker, 3))
		put(&part, (struct part){ .key = "modules",
				   .shape = PART_TRICKY,
				   .word = " [a, 'b', \"c\"]",
				   .flow = "[a, 'b', \"c\"]" });
	if (once(maker, 4)) {
		struct part inner = mapping(maker, "inner", 2);
		put(&inner, (struct part){ .key = "depth", .shape = PART_NUMBER, .word = "0x10" });
		put(&inner, string("text", "it's"));
		put(&part, inner);
	}
	return part;
}

static void put_body(struct maker *maker, struct part *into, const struct base_choice *base)
{
	if (base->dtype)
		put(into, string("weight_dtype", base->dtype));
	if (base->dtype && strcmp(base->backend, "torchao") == 0 && once(maker, 3))
		put(into, (struct part){ .key = "group_size",
				  .shape = PART_NUMBER,
				  .word = strcmp(base->dtype, "nvfp4") == 0 ? "16" : "64" });
	if (!base->dtype && once(maker, 2))
		put(into, kwargs(maker, "config_kwargs"));
}

/* Sometimes in another order. */
static void swap_some(struct maker *maker, struct part *mapping)
{
	if (mapping->count < 2 || !once(maker, 3))
		return;
	size_t one = random_below(&maker->random, mapping->count);
	struct part part = mapping->parts[one];
	mapping->parts[one] = mapping->parts[mapping->count - 1];
	mapping->parts[mapping->count - 1] = part;
}

static void add_nested(struct maker *maker, const struct base_choice *base)
{
	struct part outer = mapping(maker, "model_quantization_config", 2);
	struct part inner = mapping(maker, base->backend, 4);
	put_body(maker, &inner, base);
	swap_some(maker, &inner);
	put(&outer, inner);
	add(maker, outer);
}

static void add_flat(struct maker *maker, const struct base_choice *base)
{
	struct part outer = mapping(maker, "model_quantization_config", 4);
	put(&outer, string("backend", base->backend));
	put_body(maker, &outer, base);
	swap_some(maker, &outer);
	add(maker, outer);
}

static void add_peft(struct maker *maker, const struct base_choice *base)
{
	struct part peft = mapping(maker, "peft", 8);
	if (once(maker, 3))
		put(&peft, string("first", "stays"));
	put(&peft, string("backend", base->backend));
	if (once(maker, 4)) {
		struct part loftq = mapping(maker, "loftq_config", 2);
		put(&loftq,
			(struct part){ .key = "loftq_bits", .shape = PART_NUMBER, .word = "4" });
		put(&peft, loftq);
	}
	put_body(maker, &peft, base);
	if (once(maker, 4))
		put(&peft, string("last", "stays # too"));
	swap_some(maker, &peft);
	add(maker, peft);
}

static void add_class(struct maker *maker, const struct base_choice *base)
{
	bool mxfp4 = strcmp(base->backend, "mxfp4") == 0;
	add(maker, string("model_quantization_config",
			   mxfp4 ? "Mxfp4Config" : "FineGrainedFP8Config"));
	if (once(maker, 2))
		add(maker, kwargs(maker, "model_quantization_config_kwargs"));
}

static void add_flags(struct maker *maker, const struct base_choice *base)
{
	bool eight = base->dtype && strcmp(base->dtype, "int8") == 0;
	if (eight || !once(maker, 3))
		add(maker, boolean(eight ? "load_in_8bit" : "load_in_4bit", "true"));
	if (!once(maker, 3))
		add(maker, boolean(eight ? "load_in_4bit" : "load_in_8bit", "false"));
	if (strcmp(base->backend, "torchao") == 0)
		add(maker, string("nf4_backend", "torchao"));
	else if (!eight && once(maker, 6))
		add(maker, string("nf4_backend", "bitsandbytes"));
}

static void add_switched_off(struct maker *maker)
{
	add(maker, boolean("merge_lora", "true"));
	add(maker, boolean("load_in_4bit", "false"));
	add(maker, boolean("load_in_8bit", "false"));
}

/* Any spelling, sometimes two that agree. */
static void add_spelling(struct maker *maker, const struct base_choice *base)
{
	bool bnb = strcmp(base->backend, "bnb") == 0;
	if (once(maker, 30)) {
		add_switched_off(maker);
		return;
	}
	switch (random_below(&maker->random, 5)) {
	case 0:
		add_nested(maker, base);
		break;
	case 1:
		add_flat(maker, base);
		break;
	case 2:
		(base->dtype ? add_peft : add_class)(maker, base);
		break;
	case 3:
		(base->dtype ? add_nested : add_class)(maker, base);
		break;
	default:
		add_flags(maker, base);
		return;
	}
	if (bnb && once(maker, 3))
		add(maker, boolean(base->four_bits ? "load_in_4bit" : "load_in_8bit", "true"));
	else if (once(maker, 3))
		add(maker, boolean("load_in_8bit", once(maker, 2) ? "false" : "null"));
}

static void shuffle(struct maker *maker)
{
	for (size_t i = maker->count; i > 1; i--) {
		size_t other = random_below(&maker->random, i);
		struct part part = maker->parts[i - 1];
		maker->parts[i - 1] = maker->parts[other];
		maker->parts[other] = part;
	}
}

static void add_others(struct maker *maker)
{
	bool taken[sizeof(others) / sizeof(others[0])] = { false };
	for (uint64_t more = random_below(&maker->random, 7); more > 0; more--) {
		size_t i = random_below(&maker->random, sizeof(others) / sizeof(others[0]));
		if (!taken[i])
			add(maker, others[i]);
		taken[i] = true;
	}
}

static void prepend(struct maker *maker, struct part part)
{
	if (maker->count == PARTS_MAXIMUM)
		return;
	memmove(&maker->parts[1], &maker->parts[0], maker->count * sizeof(part));
	maker->parts[0] = part;
	maker->count++;
}

static const char *tag_of(const struct part *part)
{
	switch (part->shape) {
	case PART_STRING:
		return "!!str";
	case PART_BOOLEAN:
		return "!!bool";
	case PART_MAPPING:
		return "!!map";
	default:
		return NULL;
	}
}

/* The value moves to an entry of its own at the top; an alias stays. */
static void make_alias(struct maker *maker, struct part *part)
{
	struct part anchored = *part;
	anchored.key = "x_aliased";
	anchored.anchor = "far";
	*part = (struct part){ .key = part->key, .shape = PART_ALIAS, .word = "far" };
	prepend(maker, anchored);
}

/* The whole entry moves into a mapping at the top that is merged in its place; sometimes it wins over that by itself. */
static void make_merge(struct maker *maker, struct part *part, bool top)
{
	if (top && once(maker, 3))
		add(maker, *part);
	struct part defaults = mapping(maker, "x_defaults", 2);
	put(&defaults, *part);
	if (top)
		put(&defaults, string("seed_name", "s"));
	defaults.anchor = "defaults";
	*part = (struct part){ .key = "<<", .shape = PART_ALIAS, .word = "defaults" };
	prepend(maker, defaults);
}

static void entangle(struct maker *maker)
{
	struct part *part = &maker->parts[random_below(&maker->random, maker->count)];
	maker->entangled = true;
	bool top = part->shape != PART_MAPPING || once(maker, 2);
	if (!top)
		part = &part->parts[random_below(&maker->random, part->count)];
	switch (random_below(&maker->random, 5)) {
	case 0:
		part->anchor = "near";
		break;
	case 1:
		part->tag = tag_of(part);
		break;
	case 2:
		make_merge(maker, part, top);
		break;
	default:
		make_alias(maker, part);
	}
}

/* An entry stands once more, sometimes inside of a mapping, with an equal value. */
static void repeat(struct maker *maker)
{
	struct part *part = &maker->parts[random_below(&maker->random, maker->count)];
	if (part->shape != PART_MAPPING || part->count == 0 || once(maker, 2)) {
		add(maker, *part);
		return;
	}
	struct part longer = mapping(maker, part->key, part->count + 1);
	memcpy(longer.parts, part->parts, part->count * sizeof(*part));
	longer.count = part->count;
	put(&longer, part->parts[random_below(&maker->random, part->count)]);
	*part = longer;
}

struct made_config config_make(struct arena *arena, uint64_t seed, bool faulty)
{
	struct maker maker = { .arena = arena, .random.state = seed };
	/* Neighbouring seeds must not walk the same sequence. */
	maker.random.state = random_below(&maker.random, UINT64_MAX);
	const struct base_choice *base =
		&bases[random_below(&maker.random, sizeof(bases) / sizeof(bases[0]))];
	bool qlora = base->four_bits && once(&maker, 2);
	if (base->dtype || !once(&maker, 3))
		add(&maker, string("adapter", qlora ? "qlora" : "lora"));
	add_spelling(&maker, base);
	if (once(&maker, 4))
		shuffle(&maker);
	if (maker.count > 0 && once(&maker, 8))
		entangle(&maker);
	while (maker.count > 0 && once(&maker, 6))
		repeat(&maker);
	if (faulty && maker.count > 0)
		parts_spoil(arena, &maker.random, maker.parts, &maker.count);
	struct part first = maker.parts[0];
	bool ordered = maker.entangled;
	if (ordered)
		maker.parts[0] = maker.parts[--maker.count];
	add_others(&maker);
	shuffle(&maker);
	if (ordered)
		prepend(&maker, first);
	return (struct made_config){
		.text = parts_write(arena, &maker.random, maker.parts, maker.count),
		.entangled = maker.entangled,
	};
}
