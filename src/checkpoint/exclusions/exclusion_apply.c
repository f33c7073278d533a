/*
 * A whole list against all modules. Models repeat themselves: names that differ only in their
 * digits form a class, and most entries need to be tried on one name a class, or on the members of
 * the few classes that they can be about at all.
 */
#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/names/digits.h"
#include "checkpoint/names/pattern.h"

#include <string.h>

/*
 * Letters looked at, about: a fraction of a second. A list of 1 000 entries on the 70 000 modules of a
 * model, which form some hundred classes, needs a hundredth.
 */
#define WORK_MAXIMUM 50000000

enum flag {
	FLAG_EXCLUDED = 1,
	FLAG_DECIDED = 2, /* an ordered list has spoken */
	FLAG_EXACT = 4,   /* by the module's own name, which nothing overrides */
	FLAG_INCLUDED = 8,
};

struct class
{
	struct text name; /* with every digit a 0 */
	uint32_t first;   /* in `members` */
	uint32_t count;
};

/* Plain names that differ only in their digits: the classes that any of them can be about. */
struct form {
	struct text key; /* with every digit a 0 */
	enum exclusion_grammar grammar;
	bool regex;
	uint32_t *classes; /* NULL in an empty slot */
	uint32_t count;
};

struct application {
	struct arena *arena;
	struct pattern_pool *pool;
	const struct text *modules;
	size_t count;
	struct class *classes;
	size_t class_count;
	uint32_t *members; /* modules, class by class */
	uint32_t *
		names; /* open table of 2^n slots: index of a module plus one, by its name; NULL until needed */
	size_t name_mask;
	struct form *forms; /* of the entries so far, in a table like that */
	size_t form_mask;
	uint32_t *found; /* room for a form's classes */
	unsigned char *flags;
	size_t left; /* see WORK_MAXIMUM */
};

/* Index of the name's class plus one, made when new, in an open table of 2^n slots. */
static uint32_t class_of(
	struct application *application, uint32_t *table, size_t mask, struct text name)
{
	size_t slot = digits_zeroed_hash(name, table) & mask;
	while (table[slot] != 0) {
		if (digits_zeroed_equal(application->classes[table[slot] - 1].name, name))
			return table[slot];
		slot = (slot + 1) & mask;
	}
	struct class *added = &application->classes[application->class_count++];
	added->name = digits_zeroed(application->arena, name);
	return table[slot] = (uint32_t)application->class_count;
}

static void gather_members(struct application *application, const uint32_t *of)
{
	uint32_t next = 0;
	for (size_t i = 0; i < application->class_count; i++) {
		application->classes[i].first = next;
		next += application->classes[i].count;
		application->classes[i].count = 0;
	}
	for (size_t i = 0; i < application->count; i++) {
		struct class *class = &application->classes[of[i] - 1];
		application->members[class->first + class->count++] = (uint32_t)i;
	}
}

static bool classify(struct application *application)
{
	struct arena *arena = application->arena;
	size_t slots = 16;
	while (slots < application->count * 2)
		slots *= 2;
	uint32_t *table = ARENA_ARRAY(arena, uint32_t, slots);
	uint32_t *of = ARENA_ARRAY(arena, uint32_t, application->count);
	application->classes = ARENA_ARRAY(arena, struct class, application->count);
	application->members = ARENA_ARRAY(arena, uint32_t, application->count);
	application->flags = ARENA_ARRAY(arena, unsigned char, application->count);
	if (arena_failed(arena))
		return false;
	for (size_t i = 0; i < application->count; i++) {
		of[i] = class_of(application, table, slots - 1, application->modules[i]);
		application->classes[of[i] - 1].count++;
		if (arena_failed(arena))
			return false;
	}
	gather_members(application, of);
	return true;
}

static bool is_ordered(const struct exclusion *exclusion)
{
	return exclusion->grammar == GRAMMAR_DYNAMIC || exclusion->grammar == GRAMMAR_FQN ||
	       exclusion->grammar == GRAMMAR_AUTO_ROUND;
}

/* An entry that comes too late in an ordered list meets a module, but is not counted: it decides nothing. */
static void mark(struct application *application, struct exclusion *exclusion, uint32_t module)
{
	unsigned char *flags = &application->flags[module];
	exclusion->met = true;
	if (exclusion->only) {
		exclusion->modules++;
		*flags |= FLAG_INCLUDED;
		return;
	}
	if (is_ordered(exclusion)) {
		bool exact = exclusion->grammar != GRAMMAR_DYNAMIC && !exclusion->regex &&
			     text_equal(exclusion->key, application->modules[module]);
		if ((*flags & FLAG_EXACT) || ((*flags & FLAG_DECIDED) && !exact))
			return;
		*flags = (unsigned char)((*flags & ~FLAG_EXCLUDED) | FLAG_DECIDED |
					 (exact ? FLAG_EXACT : 0));
	}
	exclusion->modules++;
	if (exclusion->excludes)
		*flags |= FLAG_EXCLUDED;
}

static void try_members(
	struct application *application, struct exclusion *exclusion, const struct class *class)
{
	for (uint32_t i = 0; i < class->count && application->left > 0; i++) {
		uint32_t module = application->members[class->first + i];
		if (exclusion_matches(application->pool, exclusion, application->modules[module],
			    &application->left))
			mark(application, exclusion, module);
	}
}

static void mark_class(
	struct application *application, struct exclusion *exclusion, const struct class *class)
{
	for (uint32_t i = 0; i < class->count; i++)
		mark(application, exclusion, application->members[class->first + i]);
}

static bool make_names(struct application *application)
{
	size_t slots = 16;
	while (slots < application->count * 2)
		slots *= 2;
	application->names = ARENA_ARRAY(application->arena, uint32_t, slots);
	application->name_mask = slots - 1;
	for (uint32_t i = 0; application->names && i < application->count; i++) {
		size_t slot =
			text_hash_keyed(application->modules[i], (uintptr_t)application->names);
		while (application->names[slot & application->name_mask] != 0)
			slot++;
		application->names[slot & application->name_mask] = i + 1;
	}
	return application->names != NULL;
}

/* The module of exactly that name. */
static void mark_name(struct application *application, struct exclusion *exclusion)
{
	if (!application->names && !make_names(application))
		return;
	size_t slot = text_hash_keyed(exclusion->key, (uintptr_t)application->names);
	uint32_t module;
	for (; (module = application->names[slot & application->name_mask]) != 0; slot++) {
		work_spend(&application->left, exclusion->key.length);
		if (!text_equal(application->modules[module - 1], exclusion->key))
			continue;
		mark(application, exclusion, module - 1);
		return;
	}
}

static void find_classes(
	struct application *application, struct form *form, const struct exclusion *exclusion)
{
	struct exclusion rough = *exclusion;
	rough.key = form->key;
	for (uint32_t i = 0; i < application->class_count; i++)
		if (exclusion_matches(application->pool, &rough, application->classes[i].name,
			    &application->left))
			application->found[form->count++] = i;
	form->classes = ARENA_ARRAY(application->arena, uint32_t, form->count + 1);
	for (uint32_t i = 0; form->classes && i < form->count; i++)
		form->classes[i] = application->found[i];
}

/* NULL without memory. */
static const struct form *form_of(
	struct application *application, const struct exclusion *exclusion)
{
	size_t slot = digits_zeroed_hash(exclusion->key, application->forms);
	for (;; slot++) {
		struct form *form = &application->forms[slot & application->form_mask];
		if (!form->classes) {
			form->key = digits_zeroed(application->arena, exclusion->key);
			form->grammar = exclusion->grammar;
			form->regex = exclusion->regex;
			find_classes(application, form, exclusion);
			return form->classes ? form : NULL;
		}
		if (form->grammar == exclusion->grammar && form->regex == exclusion->regex &&
			digits_zeroed_equal(form->key, exclusion->key))
			return form;
	}
}

/* A name with digits is about members of the few classes that its form can be about; of its own class about one. */
static void apply_plain(struct application *application, struct exclusion *exclusion)
{
	const struct form *form = form_of(application, exclusion);
	bool digits = !pattern_ignores_digits(exclusion->key);
	for (uint32_t i = 0; form && i < form->count && application->left > 0; i++) {
		const struct class *class = &application->classes[form->classes[i]];
		work_spend(&application->left, 1);
		if (!digits)
			mark_class(application, exclusion, class);
		else if (exclusion->grammar != GRAMMAR_TAGS && text_equal(class->name, form->key))
			mark_name(application, exclusion);
		else
			try_members(application, exclusion, class);
	}
}

/* What tells of classes that no name of theirs matches; `pattern` NULL where nothing does. */
static struct exclusion loosened(struct application *application, const struct exclusion *exclusion)
{
	struct exclusion loose = *exclusion;
	struct text source = TEXT(""), detail;
	if (exclusion->pattern)
		source = pattern_loosened(application->arena, exclusion->key);
	loose.key = digits_zeroed(application->arena, exclusion->key);
	loose.pattern = NULL;
	if (source.length > 0)
		loose.pattern = pattern_compile(application->pool, source, PATTERN_SEARCH, &detail);
	return loose;
}

/*
 * A pattern without digits of its own is the same to a whole class; another must be tried on every name of the classes
 * that it can be about.
 */
static void apply_pattern(struct application *application, struct exclusion *exclusion)
{
	bool same = pattern_ignores_digits(exclusion->key);
	struct exclusion loose = { .pattern = NULL };
	if (!same)
		loose = loosened(application, exclusion);
	for (size_t i = 0; i < application->class_count && application->left > 0; i++) {
		const struct class *class = &application->classes[i];
		if (loose.pattern && !loose.broken &&
			!exclusion_matches(
				application->pool, &loose, class->name, &application->left) &&
			!loose.broken)
			continue;
		if (!same)
			try_members(application, exclusion, class);
		else if (exclusion_matches(
				 application->pool, exclusion, class->name, &application->left))
			mark_class(application, exclusion, class);
	}
}

static bool make_forms(struct application *application, size_t entries)
{
	size_t slots = 16;
	while (slots < entries * 2)
		slots *= 2;
	application->forms = ARENA_ARRAY(application->arena, struct form, slots);
	application->form_mask = slots - 1;
	application->found =
		ARENA_ARRAY(application->arena, uint32_t, application->class_count + 1);
	return application->forms && application->found;
}

/* Whether the entry was tried on all that it may be about. */
static bool apply(struct application *application, struct exclusion *exclusion)
{
	bool was_broken = exclusion->broken;
	bool plain =
		!exclusion->pattern && !memchr(exclusion->key.data, '[', exclusion->key.length);
	exclusion->modules = 0;
	exclusion->met = false;
	if (was_broken || application->left == 0)
		return was_broken && !exclusion->untried;
	if (plain)
		apply_plain(application, exclusion);
	else
		apply_pattern(application, exclusion);
	return application->left > 0 && !exclusion->broken;
}

/* What would take too long is counted, and excludes nothing. */
static bool apply_all(struct application *application, struct exclusions *exclusions)
{
	exclusions->untried = 0;
	if (!make_forms(application, exclusions->list_count))
		return false;
	for (size_t i = 0; i < exclusions->list_count; i++) {
		if (apply(application, &exclusions->list[i]))
			continue;
		exclusions->list[i].broken = exclusions->list[i].untried = true;
		exclusions->untried++;
	}
	return !arena_failed(application->arena);
}

/* torchao's config for whatever no other entry names. */
static bool is_default(const struct exclusion *exclusion)
{
	return exclusion->grammar == GRAMMAR_FQN && text_is(exclusion->key, "_default");
}

static bool default_excludes(const struct exclusions *exclusions)
{
	for (size_t i = 0; i < exclusions->list_count; i++)
		if (exclusions->list[i].excludes && is_default(&exclusions->list[i]))
			return true;
	return false;
}

static enum exclusion_verdict verdict(unsigned flags, bool only, bool by_default)
{
	if ((flags & FLAG_EXCLUDED) || (only && !(flags & FLAG_INCLUDED)))
		return VERDICT_EXCLUDED;
	if (flags & (FLAG_INCLUDED | FLAG_DECIDED))
		return VERDICT_QUANTIZED;
	return by_default ? VERDICT_EXCLUDED : VERDICT_SILENT;
}

static void conclude(struct application *application, struct exclusions *exclusions)
{
	bool by_default = default_excludes(exclusions), only = exclusions->only_count > 0;
	for (size_t i = 0; i < application->count; i++)
		application->flags[i] =
			(unsigned char)verdict(application->flags[i], only, by_default);
	exclusions->modules_known = true;
	exclusions->unmatched = 0;
	for (size_t i = 0; i < exclusions->list_count; i++) {
		const struct exclusion *exclusion = &exclusions->list[i];
		if (exclusion->excludes && !exclusion->met && !exclusion->untried &&
			!is_default(exclusion))
			exclusions->unmatched++;
	}
}

unsigned char *exclusions_match(struct arena *arena, struct exclusions *exclusions,
	const struct text *modules, size_t count)
{
	struct application application = {
		.arena = arena,
		.modules = modules,
		.count = count,
		.left = WORK_MAXIMUM,
	};
	exclusions->modules_known = false;
	if (count > UINT32_MAX / 4)
		return NULL;
	application.pool = pattern_pool_new(arena);
	bool done =
		application.pool && classify(&application) && apply_all(&application, exclusions);
	pattern_pool_end(application.pool);
	if (!done)
		return NULL;
	conclude(&application, exclusions);
	return exclusions->untried == 0 ? application.flags : NULL;
}
