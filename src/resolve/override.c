/*
 * A request over a checkpoint of the request's own class. transformers keeps the stored values and takes from the request the
 * class's loading attributes alone; for an attribute that the request does not name it takes the class's default.
 */
#include "resolve/override.h"

#include "resolve/listing.h"

#include <stdlib.h>
#include <string.h>

/* Pairs of entries that are compared by their beginnings and ends; beyond that only equal ones count. */
#define PAIRS_MAXIMUM 4000000

static bool is_loading_attribute(const struct checkpoint *checkpoint, struct text name)
{
	for (size_t i = 0; i < checkpoint->overridable_count; i++)
		if (text_is(name, checkpoint->overridable[i]))
			return true;
	return false;
}

static bool is_fp8(const struct checkpoint *checkpoint)
{
	return text_is(text_of(checkpoint->config_class), backends[BACKEND_FP8].class);
}

/* FineGrainedFP8Config reads ignored_layers where modules_to_not_convert is not set. */
static const struct node *fp8_list(const struct node *settings)
{
	const struct node *list = node_get(settings, "modules_to_not_convert");
	return node_is_null(list) ? node_get(settings, "ignored_layers") : list;
}

static const struct node *attribute_of(
	const struct checkpoint *checkpoint, const struct node *settings, const char *name)
{
	bool list = is_fp8(checkpoint) && text_is(text_of(name), "modules_to_not_convert");
	return list ? fp8_list(settings) : node_get(settings, name);
}

static bool replaced(const struct checkpoint *checkpoint, struct text name)
{
	return is_loading_attribute(checkpoint, name) ||
	       (is_fp8(checkpoint) && text_is(name, "ignored_layers"));
}

static struct node *empty_value(struct arena *arena, const char *attribute)
{
	if (text_is(text_of(attribute), "dequantize"))
		return node_boolean(arena, false);
	return ARENA_NEW(arena, struct node);
}

const struct node *override_kwargs(struct arena *arena, const struct facts *facts)
{
	const struct checkpoint *checkpoint = facts->checkpoint;
	const struct node *block = checkpoint->block, *request = base_kwargs(facts);
	struct node *kwargs = node_mapping(arena, block->count + checkpoint->overridable_count);
	bool bnb = base_is(facts, BACKEND_BNB);
	for (uint32_t i = 0; kwargs && i < block->count; i++)
		if (bnb || !replaced(checkpoint, block->members[i].key))
			node_put_member(kwargs, &block->members[i]);
	for (size_t i = 0; kwargs && !bnb && i < checkpoint->overridable_count; i++) {
		const char *name = checkpoint->overridable[i];
		const struct node *asked = attribute_of(checkpoint, request, name);
		if (asked)
			node_put(kwargs, text_of(name), (struct node *)asked);
		else if (attribute_of(checkpoint, block, name))
			node_put(kwargs, text_of(name), empty_value(arena, name));
	}
	return kwargs;
}

/* "[64, 64] (stored: [128, 128])" */
static struct text both_words(
	struct arena *arena, const struct node *asked, const struct member *stored)
{
	struct text before = stored ? short_words(arena, stored->value) : TEXT("nothing");
	return arena_printf(arena, "%.*s (stored: %.*s)", TEXT_ARGUMENTS(short_words(arena, asked)),
		TEXT_ARGUMENTS(before));
}

/* Members of the request that are not what is stored. */
static void add_ignored(
	struct listing *words, const struct checkpoint *checkpoint, const struct node *request)
{
	for (uint32_t i = 0; request && i < request->count; i++) {
		const struct member *member = &request->members[i];
		const struct member *stored = node_member(checkpoint->block, member->key);
		bool same = stored && node_equal(stored->value, member->value);
		if (!same && !replaced(checkpoint, member->key))
			listing_add(words, member->key,
				both_words(words->arena, member->value, stored));
	}
}

static struct text ignored(struct arena *arena, const struct facts *facts)
{
	struct listing words;
	const struct checkpoint *checkpoint = facts->checkpoint;
	listing_begin(&words, arena);
	if (!base_is(facts, BACKEND_BNB)) {
		add_ignored(&words, checkpoint, base_kwargs(facts));
	} else if (base_has_dtype(facts, DTYPE_NF4) && is_set(facts, KEY_BNB_CONFIG_KWARGS)) {
		add_ignored(&words, checkpoint, facts->settings[KEY_BNB_CONFIG_KWARGS].value);
	}
	return listing_end(&words);
}

static int by_text(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static size_t gather(struct arena *arena, const struct node *list, struct text **ret_names)
{
	size_t count = 0;
	bool is_list = list && list->kind == NODE_SEQUENCE;
	*ret_names = ARENA_ARRAY(arena, struct text, is_list ? list->count : 0);
	for (uint32_t i = 0; is_list && *ret_names && i < list->count; i++)
		if (list->items[i]->kind == NODE_STRING)
			(*ret_names)[count++] = list->items[i]->text;
	return count;
}

static bool begins_or_ends_with(struct text name, struct text part)
{
	if (part.length == 0 || part.length > name.length)
		return false;
	return memcmp(name.data, part.data, part.length) == 0 ||
	       memcmp(name.data + name.length - part.length, part.data, part.length) == 0;
}

struct kept_list {
	struct text *names; /* sorted */
	size_t count;
	bool parts; /* few enough to be compared by their beginnings and ends */
};

/* transformers skips what an entry begins or ends: a wider entry keeps what a narrower one did. */
static bool keeps(const struct kept_list *kept, struct text name)
{
	if (kept->count > 0 && bsearch(&name, kept->names, kept->count, sizeof(name), by_text))
		return true;
	for (size_t i = 0; kept->parts && i < kept->count; i++)
		if (begins_or_ends_with(name, kept->names[i]))
			return true;
	return false;
}

static struct text dropped(struct arena *arena, const struct facts *facts)
{
	struct listing words;
	struct text *stored;
	struct kept_list kept;
	size_t count = gather(arena, fp8_list(facts->checkpoint->block), &stored);
	kept.count = gather(arena, fp8_list(base_kwargs(facts)), &kept.names);
	kept.parts = kept.count == 0 || count <= PAIRS_MAXIMUM / kept.count;
	if (kept.count > 0)
		qsort(kept.names, kept.count, sizeof(kept.names[0]), by_text);
	listing_begin(&words, arena);
	for (size_t i = 0; i < count; i++)
		if (!keeps(&kept, stored[i]))
			listing_add(&words, name_words(arena, stored[i]), TEXT(""));
	if (words.count == 0)
		return TEXT("");
	struct text names = listing_end(&words);
	if (words.count == count && count > 1)
		return arena_printf(arena, "all %zu entries of the checkpoint's own list (%.*s)",
			count, TEXT_ARGUMENTS(names));
	if (words.count == count)
		return arena_printf(arena, "the only entry of the checkpoint's own list (%.*s)",
			TEXT_ARGUMENTS(names));
	return arena_printf(arena, "%zu of the %zu entries of the checkpoint's own list (%.*s)",
		words.count, count, TEXT_ARGUMENTS(names));
}

void override_read(struct resolver *resolver)
{
	struct facts *facts = &resolver->facts;
	if (!checkpoint_overridden(facts))
		return;
	facts->ignored = ignored(resolver->arena, facts);
	if (base_is(facts, BACKEND_FP8) && !checkpoint_dequantized(facts))
		facts->dropped = dropped(resolver->arena, facts);
}
