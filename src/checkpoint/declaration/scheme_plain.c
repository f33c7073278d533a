/* Readers of the methods whose block holds little more than numbers. */
#include "checkpoint/declaration/scheme.h"

static const struct scheme_preset bnb_int8 = {
	.family = "int8", .bits = "8", .symmetric = "true", .weight_dtype = "int8", .scale = "float"
};

/* The class's default is fp4; a name that only people understand has no default. */
static struct scheme bnb_4bit(const struct checkpoint *checkpoint, const struct node *block)
{
	struct text name = checkpoint->quant_method;
	struct text type = node_text(node_get(block, "bnb_4bit_quant_type"));
	const char *kind = NULL;
	if (text_is(type, "nf4") || (type.length == 0 && text_contains(name, "nf4")))
		kind = "nf4";
	else if (type.length > 0 || checkpoint->known_to_transformers ||
		 text_contains(name, "fp4") || text_is(name, "bitsandbytes"))
		kind = "fp4";
	return scheme_of_preset(&(struct scheme_preset){ .family = kind,
		.bits = "4",
		.group_size = "64",
		.weight_dtype = kind,
		.scale = "float" });
}

void scheme_read_bitsandbytes(struct inspector *inspector)
{
	const struct checkpoint *checkpoint = inspector->checkpoint;
	const struct node *block = inspector->block;
	bool four = checkpoint->load_in_4bit, eight = checkpoint->load_in_8bit;
	if (!four && !eight) { /* transformers ignores the private copies, but the writer meant
				  them */
		four = node_truthy(node_get(block, "_load_in_4bit"));
		eight = node_truthy(node_get(block, "_load_in_8bit"));
	}
	struct text name = checkpoint->quant_method;
	if (!four && !eight) {
		four = text_contains(name, "4");
		eight = text_contains(name, "8");
	}
	if (eight && !four)
		scheme_add(inspector, scheme_of_preset(&bnb_int8));
	else if (four)
		scheme_add(inspector, bnb_4bit(checkpoint, block));
}

/* A regex of `dynamic` that sets bits or a group size of its own. */
static void add_dynamic(struct inspector *inspector, const struct member *member)
{
	const struct method_row *row = inspector->checkpoint->method;
	if (text_starts_with(member->key, "-:") || !node_is_mapping(member->value))
		return;
	struct scheme_keys keys = row->keys;
	const struct node *bits = scheme_first(member->value, keys.bits, 4);
	const struct node *size = scheme_first(member->value, keys.group_size, 3);
	if (!bits && !size)
		return;
	struct scheme base = scheme_by_keys(inspector->arena, &row->keys, inspector->block);
	struct scheme scheme = scheme_by_keys(inspector->arena, &row->keys, member->value);
	if (!bits) {
		scheme.family = base.family;
		scheme.weight_bits = base.weight_bits;
		scheme.weight_dtype = base.weight_dtype;
	}
	if (!size)
		scheme.group_size = base.group_size;
	scheme.group = member->key;
	scheme_add(inspector, scheme);
}

void scheme_read_gptq(struct inspector *inspector)
{
	const struct scheme_keys *keys = &inspector->checkpoint->method->keys;
	scheme_add(inspector, scheme_by_keys(inspector->arena, keys, inspector->block));
	const struct node *dynamic = node_get(inspector->block, "dynamic");
	if (!node_is_mapping(dynamic))
		return;
	for (uint32_t i = 0; i < dynamic->count; i++)
		add_dynamic(inspector, &dynamic->members[i]);
}

/* 16 x 1 codebooks over 8 weights: 2 bits. Digits with at most two places. */
static struct text aqlm_bits(struct arena *arena, const struct node *block)
{
	int64_t bits, books = 1, in = 8, out = 1;
	if (!node_integer(node_get(block, "nbits_per_codebook"), &bits))
		return text_of("");
	node_integer(node_get(block, "num_codebooks"), &books);
	node_integer(node_get(block, "in_group_size"), &in);
	node_integer(node_get(block, "out_group_size"), &out);
	int64_t largest = 1 << 20;
	if (bits < 1 || books < 1 || in < 1 || out < 1 || bits > largest || books > largest ||
		in > largest || out > largest)
		return text_of("");
	int64_t hundredths = bits * books * 100 / (in * out);
	if (hundredths % 100 == 0)
		return arena_printf(arena, "%lld", (long long)(hundredths / 100));
	return arena_printf(arena, hundredths % 10 == 0 ? "%lld.%lld" : "%lld.%02lld",
		(long long)(hundredths / 100),
		(long long)(hundredths % 10 == 0 ? hundredths % 100 / 10 : hundredths % 100));
}

void scheme_read_aqlm(struct inspector *inspector)
{
	struct scheme scheme = scheme_of_preset(&(struct scheme_preset){ .family = "other" });
	scheme.weight_bits = aqlm_bits(inspector->arena, inspector->block);
	scheme.group_size =
		scheme_size(inspector->arena, node_get(inspector->block, "in_group_size"));
	scheme_add(inspector, scheme);
}

static int log2_of(const struct node *list)
{
	int64_t count;
	if (!list || list->kind != NODE_SEQUENCE || list->count == 0 ||
		!node_integer(list->items[list->count - 1], &count) || count < 2)
		return 0;
	int bits = 0;
	while (count > 1 && bits < 62) {
		count >>= 1;
		bits++;
	}
	return bits;
}

/* Index bits over the length of a vector, main and residual codebook together. */
static struct text vptq_bits(struct arena *arena, const struct node *layer)
{
	const struct node *lengths = node_get(layer, "vector_lens");
	int64_t length;
	if (!lengths || lengths->kind != NODE_SEQUENCE || lengths->count == 0 ||
		!node_integer(lengths->items[lengths->count - 1], &length) || length < 1 ||
		length > 1 << 20)
		return text_of("");
	int bits = log2_of(node_get(layer, "num_centroids")) +
		   log2_of(node_get(layer, "num_res_centroids"));
	if (bits == 0)
		return text_of("");
	if (bits % length == 0)
		return arena_printf(arena, "%lld", (long long)(bits / length));
	return arena_printf(arena, "%lld.%02lld", (long long)(bits / length),
		(long long)(bits * 100 / length % 100));
}

void scheme_read_vptq(struct inspector *inspector)
{
	const struct node *layers = node_get(inspector->block, "config_for_layers");
	struct scheme scheme = scheme_of_preset(&(struct scheme_preset){ .family = "other" });
	if (!node_is_mapping(layers) || layers->count == 0) {
		scheme_add(inspector, scheme);
		return;
	}
	for (uint32_t i = 0; i < layers->count; i++) {
		scheme.weight_bits = vptq_bits(inspector->arena, layers->members[i].value);
		scheme.group = layers->members[i].key;
		scheme.modules = 1;
		scheme_add(inspector, scheme);
	}
}

static const struct scheme_preset named_dtypes[] = {
	{ "int8", "int8", "8", NULL, "true", "int8", "float", NULL },
	{ "int4", "int4", "4", NULL, NULL, "int4", "float", NULL },
	{ "int2", "other", "2", NULL, NULL, "int2", "float", NULL },
	{ "float8", "fp8", "8", NULL, "true", "fp8_e4m3", "float", NULL },
	{ .name = NULL },
};

/* quanto and eetq: `weights` names the type. */
void scheme_read_named_dtype(struct inspector *inspector)
{
	const struct node *weights = node_get(inspector->block, "weights");
	struct text name = weights ? node_text(weights) : text_of("int8");
	const struct scheme_preset *preset = scheme_preset_find(named_dtypes, name);
	struct scheme scheme =
		scheme_of_preset(preset ? preset : &(struct scheme_preset){ .family = "other" });
	struct text activations = node_text(node_get(inspector->block, "activations"));
	if (activations.length > 0)
		scheme.activations = text_is(activations, "float8") ? text_of("fp8") : activations;
	scheme_add(inspector, scheme);
}

static const struct scheme_preset float_formats[] = {
	{ "nvfp4", "nvfp4", "4", "16", "true", "fp4", "e4m3", NULL },
	{ "mxfp4", "mxfp4", "4", "32", "true", "fp4", "e8m0", NULL },
	{ .name = NULL },
};

/* fp_quant and fouroversix: one word for the whole format, nvfp4 unless said. */
void scheme_read_fp_quant(struct inspector *inspector)
{
	const struct node *block = inspector->block;
	bool fp_quant = inspector->checkpoint->method->method == METHOD_FP_QUANT;
	const char *const keys[] = { "weight_dtype", "dtype" };
	const struct node *said =
		fp_quant ? node_get(block, "forward_dtype") : scheme_first(block, keys, 2);
	struct text name = said ? node_text(said) : text_of("nvfp4");
	const struct scheme_preset *preset = scheme_preset_find(float_formats, name);
	struct scheme scheme =
		scheme_of_preset(preset ? preset : &(struct scheme_preset){ .family = "other" });
	if (preset)
		scheme.activations = text_of("fp4");
	scheme_add(inspector, scheme);
}

/* A module that names no width of its own has none. */
static const struct scheme_keys gemma_keys = { .bits = { "num_bits" } };

void scheme_read_gemma(struct inspector *inspector)
{
	struct arena *arena = inspector->arena;
	scheme_add(inspector,
		scheme_by_keys(arena, &inspector->checkpoint->method->keys, inspector->block));
	const struct node *modules = node_get(inspector->block, "module_quant_configs");
	if (!node_is_mapping(modules))
		return;
	for (uint32_t i = 0; i < modules->count; i++) {
		struct scheme scheme =
			scheme_by_keys(arena, &gemma_keys, modules->members[i].value);
		scheme.group = modules->members[i].key;
		if (scheme.weight_bits.length > 0)
			scheme_add(inspector, scheme);
	}
}
