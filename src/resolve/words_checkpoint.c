#include "resolve/words_checkpoint.h"

#include "resolve/shapes.h"

#include "base/buffer.h"
#include "base/size.h"
#include "base/utf8.h"
#include "checkpoint/names/digits.h"

#define NAME_SHOWN 200

/* " (305 entries: attention 244, lm_head 1)"; "" without a list. */
struct text excluded_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	struct buffer out;
	buffer_init(&out, resolver->arena, 128);
	if (!checkpoint || checkpoint->exclusions.count == 0)
		return TEXT("");
	const struct exclusions *exclusions = &checkpoint->exclusions;
	buffer_printf(&out, " (%zu entr%s", exclusions->count, exclusions->count > 1 ? "ies" : "y");
	const char *joint = ": ";
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (exclusions->roles[i] == 0)
			continue;
		buffer_printf(
			&out, "%s%s %zu", joint, role_name((enum role)i), exclusions->roles[i]);
		joint = ", ";
	}
	buffer_add_byte(&out, ')');
	return buffer_text(&out);
}

/* ": 38.2 GB in 16 bits"; "" where their sizes are not known. */
struct text fused_experts_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	unsigned bits = float_bits(&resolver->facts);
	uint64_t bytes = checkpoint && checkpoint->weights
				 ? weights_fused_bytes(checkpoint->weights, bits)
				 : 0;
	if (bytes == 0)
		return TEXT("");
	return arena_printf(resolver->arena, ": %.*s in %u bits a weight",
		TEXT_ARGUMENTS(size_words(resolver->arena, bytes)), bits);
}

/* Of the class's first module, cut when long. */
static struct text first_name(struct arena *arena, const struct weights_class *class)
{
	char *name = arena_alloc(arena, class->name.length + 1);
	if (!name)
		return TEXT("");
	digits_put(name, class->name, class->digits);
	const char *rest;
	struct text shown =
		utf8_shortened((struct text){ name, class->name.length }, NAME_SHOWN, &rest);
	return arena_printf(arena, "%.*s%s", TEXT_ARGUMENTS(shown), rest);
}

/* "24 of 168 (model.layers.0.mlp.down_proj for one, 2880 wide)" */
struct text passed_modules_words(struct resolver *resolver, const struct rule *rule)
{
	const struct weights_class *first;
	size_t all, passed = modules_passed(&resolver->facts, &first, &all);
	(void)rule;
	if (passed == 0)
		return TEXT("");
	return arena_printf(resolver->arena, "%zu of %zu (%.*s for one, %llu wide)", passed, all,
		TEXT_ARGUMENTS(first_name(resolver->arena, first)),
		(unsigned long long)first->inputs);
}

/* What stands in config.json where Axolotl looks for a block. */
struct text record_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	return text_of(checkpoint ? checkpoint->record : NULL);
}

/* The class that Axolotl makes of the checkpoint's block, and the one that transformers finds. */
struct text handed_class_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	return text_of(checkpoint_handed_class(&resolver->facts));
}

struct text read_class_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	return text_of(checkpoint ? checkpoint->config_class : NULL);
}

/* "dequantize while loading: …", where a request of the checkpoint's own class can say so. */
static struct text dequantize_words(struct resolver *resolver)
{
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	for (int i = 0; checkpoint && checkpoint->config_class && i < BACKEND_COUNT; i++)
		if (backends[i].takes_config_kwargs &&
			text_is(text_of(backends[i].class), checkpoint->config_class))
			return arena_printf(resolver->arena,
				"dequantize while loading: `model_quantization_config: {%s: "
				"{config_kwargs: {dequantize: true}}}`",
				backends[i].name);
	return TEXT("");
}

/* What is to be done for a block that is forwarded. */
struct text forwarding_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	return checkpoint && checkpoint->by_release
		       ? TEXT("Have a release of the method's library that reads the block, as the warning tells")
		       : TEXT("Nothing need be done");
}

struct text dequantizing_words(struct resolver *resolver, const struct rule *rule)
{
	struct text words = dequantize_words(resolver);
	(void)rule;
	return words.length == 0
		       ? words
		       : arena_printf(resolver->arena, "; or %.*s", TEXT_ARGUMENTS(words));
}

/* LoRA over attention that is native, beside experts that are quantized, is the one that the documentation names. */
struct text training_recipe_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	if (experts_alone_quantized(&resolver->facts))
		return TEXT(
			"LoRA on the attention alone, over quantized experts, goes through Axolotl's own path and is the "
			"recipe for such checkpoints");
	return TEXT("no recipe for such a checkpoint is known");
}

struct text training_advice_words(struct resolver *resolver, const struct rule *rule)
{
	if (experts_alone_quantized(&resolver->facts))
		return arena_printf(resolver->arena,
			"Target attention layers in lora_target_modules%.*s",
			TEXT_ARGUMENTS(dequantizing_words(resolver, rule)));
	return arena_printf(resolver->arena, "Take an unquantized checkpoint%.*s",
		TEXT_ARGUMENTS(dequantizing_words(resolver, rule)));
}

/* For those who ask for quantized experts. */
struct text expert_recipe_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	if (!is_true(&resolver->facts, KEY_QUANTIZE_MOE_EXPERTS))
		return TEXT("");
	return TEXT(
		" For MXFP4 experts beside bf16 attention either load a checkpoint whose own config says so, "
		"or set quantize_moe_experts: true on a bf16 checkpoint.");
}

/* What leads to the checkpoint's own scheme. */
struct text retreat_words(struct resolver *resolver, const struct rule *rule)
{
	(void)rule;
	const struct checkpoint *checkpoint = resolver->facts.checkpoint;
	if (checkpoint && checkpoint->stored_as)
		return TEXT(
			"Restore the quantization_config that was published with the weights, and remove "
			"the request");
	return TEXT("Remove the request to train over the checkpoint's own scheme");
}

/* "4 of 28 (model.layers.0.mlp.up_proj for one, 1536 x 576)" */
struct text misfit_modules_words(struct resolver *resolver, const struct rule *rule)
{
	const struct misfit *misfit = &resolver->facts.misfit;
	(void)rule;
	if (!misfit->first)
		return TEXT("");
	return arena_printf(resolver->arena, "%zu of %zu (%.*s for one, %llu x %llu)",
		misfit->modules, misfit->all,
		TEXT_ARGUMENTS(first_name(resolver->arena, misfit->first)),
		(unsigned long long)misfit->first->outputs,
		(unsigned long long)misfit->first->inputs);
}

struct text shape_taken_words(struct resolver *resolver, const struct rule *rule)
{
	const struct misfit *misfit = &resolver->facts.misfit;
	(void)rule;
	if (!misfit->row)
		return TEXT("");
	if (misfit->row->elements > 0)
		return arena_printf(resolver->arena, "a multiple of %u weights",
			(unsigned)misfit->row->elements);
	if (misfit->rows > 1)
		return arena_printf(resolver->arena,
			"outputs in a multiple of %u and inputs in one of %u",
			(unsigned)misfit->rows, (unsigned)misfit->columns);
	return arena_printf(
		resolver->arena, "inputs in a multiple of %u", (unsigned)misfit->columns);
}

struct text shape_remedy_words(struct resolver *resolver, const struct rule *rule)
{
	const struct misfit *misfit = &resolver->facts.misfit;
	(void)rule;
	return text_of(misfit->row ? misfit->row->remedy : NULL);
}
