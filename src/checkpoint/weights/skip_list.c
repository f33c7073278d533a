#include "checkpoint/weights/skip_list.h"

#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/digits.h"
#include "checkpoint/names/pattern.h"

/* Letters looked at: some milliseconds. */
#define WORK_MAXIMUM 10000000

struct judge {
	struct arena *arena;
	struct pattern_pool *pool;
	struct role_finder roles;
	const struct weights *weights;
	struct text *
		names; /* of its linear modules, with every digit a 0; empty where they are not known */
	size_t name_count;
	size_t left; /* see WORK_MAXIMUM */
};

/* Names that files and modules may spell differently, and those of modules that are not quantized anyway, tell nothing. */
static bool tells_role(enum role role)
{
	return role == ROLE_ATTENTION || role == ROLE_MLP || role == ROLE_OTHER;
}

static bool has_digits(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (is_digit(text.data[i]))
			return true;
	return false;
}

/* Of a text model alone: where there are towers, modules have other prefixes than the files' names. */
static bool knows_modules(const struct weights *weights)
{
	return weights && weights->class_count > 0 && weights->roles[ROLE_VISION].modules == 0 &&
	       weights->roles[ROLE_PROJECTOR].modules == 0 &&
	       weights->roles[ROLE_EXPERTS].modules == 0;
}

/* By the files' names, and as they are in a model that has a head on it. */
static bool gather_names(struct judge *judge)
{
	static const char prefix[] = "model.";
	if (!knows_modules(judge->weights))
		return true;
	judge->names = ARENA_ARRAY(judge->arena, struct text, 2 * judge->weights->class_count);
	for (size_t i = 0; judge->names && i < judge->weights->class_count; i++) {
		struct text name = judge->weights->classes[i].name;
		judge->names[judge->name_count++] = name;
		if (!text_starts_with(name, prefix))
			judge->names[judge->name_count++] =
				arena_printf(judge->arena, "%s%.*s", prefix, TEXT_ARGUMENTS(name));
	}
	return judge->names;
}

static bool is_idle(struct judge *judge, struct exclusion *exclusion)
{
	if (judge->name_count == 0 || has_digits(exclusion->key) ||
		!tells_role(role_of(&judge->roles, exclusion->key)))
		return false;
	for (size_t i = 0; i < judge->name_count && judge->left > 0; i++)
		if (exclusion_matches(judge->pool, exclusion, judge->names[i], &judge->left))
			return false;
	return !exclusion->broken && judge->left > 0;
}

static bool is_about_head(struct judge *judge, struct exclusion *exclusion)
{
	return role_of(&judge->roles, exclusion->key) == ROLE_LM_HEAD ||
	       exclusion_matches(judge->pool, exclusion, TEXT("lm_head"), &judge->left) ||
	       exclusion->broken || judge->left == 0;
}

/* Too long, or one too many, is a limit of ours. */
static bool is_wrong(struct judge *judge, struct exclusion *exclusion, struct text *ret_detail)
{
	struct text key = exclusion->key;
	if (!exclusion->broken || key.length > PATTERN_BYTES_MAXIMUM)
		return false;
	return !pattern_compile(judge->pool, key, PATTERN_START, ret_detail) &&
	       text_starts_with(*ret_detail, PATTERN_WRONG);
}

static struct skip_entry judge_name(struct judge *judge, struct text name, struct skip_list *list)
{
	struct skip_entry entry = { .verdict = SKIP_UNKNOWN };
	struct exclusion exclusion = exclusion_of_request(judge->pool, name);
	if (is_wrong(judge, &exclusion, &entry.detail)) {
		entry.verdict = SKIP_REFUSED;
		return entry;
	}
	list->keeps_head |= is_about_head(judge, &exclusion);
	if (is_idle(judge, &exclusion))
		entry.verdict = SKIP_IDLE;
	return entry;
}

bool skip_list_judge(struct arena *arena, const struct node *list, const struct weights *weights,
	struct skip_list *ret_list)
{
	struct judge judge = { .arena = arena, .weights = weights, .left = WORK_MAXIMUM };
	*ret_list = (struct skip_list){ .count = list->count };
	ret_list->entries = ARENA_ARRAY(arena, struct skip_entry, list->count);
	judge.pool = pattern_pool_new(arena);
	role_finder_init(&judge.roles);
	bool ready = ret_list->entries && judge.pool && gather_names(&judge);
	for (uint32_t i = 0; ready && i < list->count; i++) {
		const struct node *item = list->items[i];
		if (item->kind == NODE_STRING)
			ret_list->entries[i] = judge_name(&judge, item->text, ret_list);
		else
			ret_list->entries[i] = (struct skip_entry){ SKIP_REFUSED,
				TEXT("a module's name is expected") };
	}
	pattern_pool_end(judge.pool);
	return !arena_failed(arena);
}
