#include "resolve/migrate.h"
#include "resolve/resolver.h"

#define ERRORS(resolver) ((resolver)->findings.counts[SEVERITY_ERROR])

const struct resolve_limits resolve_limits_default = {
	.config_bytes = (size_t)1 << 20,
	.checkpoint_bytes = (size_t)16 << 20,
	.config = { .depth = 64, .nodes = 100000 },
	.checkpoint = { .depth = 64, .nodes = 400000 },
};

static void begin(
	struct resolver *resolver, struct arena *arena, const struct resolve_request *request)
{
	*resolver = (struct resolver){
		.arena = arena,
		.request = request,
		.limits = request->limits ? request->limits : &resolve_limits_default,
		.facts.target = request->target,
		.facts.require_checkpoint = request->require_checkpoint,
		.facts.checkpoint_named = request->checkpoint == CHECKPOINT_NAMED,
		.facts.checkpoint_wanted =
			request->checkpoint != CHECKPOINT_NO || request->require_checkpoint,
	};
	findings_init(&resolver->findings);
}

static void report_too_large(struct resolver *resolver)
{
	const struct word words[] = {
		{ "detail", TEXT("the config is larger than is read") },
		{ "limit", arena_printf(
				   resolver->arena, "%zu bytes", resolver->limits->config_bytes) },
		{ NULL, TEXT("") },
	};
	report(resolver, "yaml-limit", words, NULL, 0);
}

static void read_config(struct resolver *resolver)
{
	const struct resolve_request *request = resolver->request;
	if (request->config_tree) {
		resolver->root = request->config_tree;
		report_document(resolver, request->config_problems);
		if (resolver->root->kind == NODE_MAPPING)
			return;
		resolver->root = NULL;
		struct place place = { .path = TEXT(""), .nowhere = true };
		report(resolver, "yaml-not-a-mapping", NULL, &place, 1);
		return;
	}
	if (request->config.length > resolver->limits->config_bytes) {
		report_too_large(resolver);
		return;
	}
	yaml_read(&resolver->document, resolver->arena, request->config, &resolver->limits->config);
	resolver->root = resolver->document.root;
	report_document(resolver, resolver->document.problems);
}

/* The model is to be read first, by somebody who has the time. */
static bool is_cold(const struct resolver *resolver)
{
	return resolver->request->ret_cold && *resolver->request->ret_cold != 0;
}

static void decide(struct resolver *resolver)
{
	settings_read(resolver);
	dialect_read(resolver);
	report_broken_rules(resolver, STAGE_SCHEMA);
	report_broken_rules(resolver, STAGE_VALIDATION);
	checkpoint_read(resolver);
	if (!is_cold(resolver))
		report_broken_rules(resolver, STAGE_LOAD);
}

static void conclude(struct resolver *resolver, struct resolution *resolution)
{
	dialect_list(resolver, resolution);
	if (ERRORS(resolver) > 0)
		return;
	resolution->canonical = canonical_make(resolver);
	resolution->effective = effective_make(resolver);
	if (resolution->effective)
		resolution->estimate =
			estimate_make(resolver->arena, &resolver->facts, resolution->effective);
	if (resolution->canonical)
		resolution->patch =
			patch_make(resolver->arena, resolver->root, resolution->canonical);
	bool rewrites = resolver->request->include_migrated || resolver->request->include_diff;
	if (rewrites && resolution->canonical)
		migrate(resolver, resolution);
}

static enum resolution_status status(const struct resolver *resolver)
{
	if (!resolver->root)
		return RESOLUTION_UNREADABLE;
	return ERRORS(resolver) > 0 ? RESOLUTION_REJECTED : RESOLUTION_OK;
}

static const struct resolution *run(struct resolver *resolver)
{
	struct arena *arena = resolver->arena;
	const struct resolve_request *request = resolver->request;
	struct resolution *resolution = ARENA_NEW(arena, struct resolution);
	if (!resolution)
		return NULL;
	read_config(resolver);
	if (resolver->root) {
		decide(resolver);
		if (is_cold(resolver))
			return NULL;
		conclude(resolver, resolution);
	}
	report_left_out(resolver);
	resolution->status = status(resolver);
	resolution->target = request->target;
	resolution->checkpoint = resolver->facts.checkpoint;
	resolution->source = request->config_tree ? TEXT("") : resolver->document.bytes;
	resolution->is_named = request->filename.length > 0;
	resolution->filename =
		request->filename.length > 0 ? request->filename : TEXT("config.yaml");
	resolution->include_exclusions = request->include_exclusions;
	resolution->include_migrated = request->include_migrated;
	resolution->include_diff = request->include_diff;
	resolution->findings =
		findings_sorted(&resolver->findings, arena, &resolution->finding_count);
	for (int i = 0; i < SEVERITY_COUNT; i++)
		resolution->counts[i] = resolver->findings.counts[i];
	return arena_failed(arena) ? NULL : resolution;
}

const struct resolution *resolve(struct arena *arena, const struct resolve_request *request)
{
	struct resolver resolver;
	begin(&resolver, arena, request);
	return run(&resolver);
}

const struct resolution *resolve_migrated(
	struct arena *arena, const struct resolve_request *request)
{
	struct resolver resolver;
	begin(&resolver, arena, request);
	resolver.migrated_before = true;
	return run(&resolver);
}

static const struct inspection *conclude_inspection(struct resolver *resolver)
{
	struct inspection *inspection = ARENA_NEW(resolver->arena, struct inspection);
	if (!inspection || !resolver->facts.checkpoint)
		return NULL;
	inspection->checkpoint = resolver->facts.checkpoint;
	inspection->findings =
		findings_sorted(&resolver->findings, resolver->arena, &inspection->finding_count);
	return arena_failed(resolver->arena) ? NULL : inspection;
}

const struct inspection *inspect(
	struct arena *arena, struct text bytes, const struct resolve_limits *limits)
{
	const struct resolve_request request = {
		.checkpoint = CHECKPOINT_GIVEN,
		.checkpoint_bytes = bytes,
		.limits = limits,
	};
	struct resolver resolver;
	begin(&resolver, arena, &request);
	checkpoint_read(&resolver);
	return conclude_inspection(&resolver);
}

const struct inspection *inspect_found(struct arena *arena, const struct checkpoint *checkpoint)
{
	const struct resolve_request request = { .checkpoint = CHECKPOINT_NO };
	struct resolver resolver;
	begin(&resolver, arena, &request);
	resolver.facts.checkpoint = checkpoint;
	report_checkpoint(&resolver, checkpoint);
	return conclude_inspection(&resolver);
}
