#include "runner/reads.h"

#include "resolve/resolver.h"

/* The stages that resolve() runs before it asks the predicates. */
static bool facts_read(struct resolver *resolver, const struct resolve_request *request)
{
	const struct resolve_limits *limits = &resolve_limits_default;
	resolver->request = request;
	resolver->limits = limits;
	resolver->facts.target = request->target;
	resolver->facts.require_checkpoint = request->require_checkpoint;
	resolver->facts.checkpoint_wanted = true;
	findings_init(&resolver->findings);
	yaml_read(&resolver->document, resolver->arena, request->config, &limits->config);
	resolver->root = resolver->document.root;
	if (!resolver->root)
		return false;
	settings_read(resolver);
	dialect_read(resolver);
	checkpoint_read(resolver);
	return !arena_failed(resolver->arena);
}

static bool is_read(const struct rule *rule, enum key key)
{
	for (size_t i = 0; i < RULE_READS_MAXIMUM && rule->reads[i] != KEY_NONE; i++) {
		if (rule->reads[i] == key)
			return true;
	}
	return false;
}

static void slot_empty(struct facts *facts, enum key key)
{
	facts->settings[key] = (struct setting){ .state = SETTING_MISSING };
	if (key == KEY_BASE_QUANTIZATION)
		facts->base = (struct base_quantization){ .dialect = DIALECT_NONE };
	if (key == KEY_CHECKPOINT)
		facts->checkpoint = NULL;
}

void reads_check(struct tally *tally, struct arena *arena, const struct rule *rule)
{
	if (!rule->broken)
		return;
	struct resolve_request request = {
		.config = text_of(rule->bad),
		.target = rule->target,
		.checkpoint = rule->bad_checkpoint ? CHECKPOINT_GIVEN : CHECKPOINT_LOOK_UP,
		.checkpoint_bytes = text_of(rule->bad_checkpoint),
		.require_checkpoint = rule->require_checkpoint,
	};
	struct resolver resolver = { .arena = arena };
	if (!tally_check(tally, facts_read(&resolver, &request) && rule->broken(&resolver.facts),
		    "%s: the predicate does not hold for the bad example", rule->id))
		return;
	for (enum key key = KEY_NONE + 1; key < KEY_COUNT; key++) {
		struct facts facts = resolver.facts;
		slot_empty(&facts, key);
		tally_check(tally, is_read(rule, key) || rule->broken(&facts), "%s: reads %s, too",
			rule->id, keys[key].name ? keys[key].name : "a made slot");
	}
}
