/* Which checkpoint the request is about. */
#include "resolve/override.h"

#include "checkpoint/folders/memo.h"

static struct checkpoint *inspect_given(struct resolver *resolver)
{
	const struct resolve_request *request = resolver->request;
	return checkpoint_inspect(resolver->arena, request->checkpoint_bytes,
		request->checkpoint_tree, &resolver->limits->checkpoint);
}

static struct text why_not(struct resolver *resolver, struct text model, struct roots_answer answer)
{
	struct text detail = answer.detail.length > 0 ? answer.detail : TEXT("it cannot be read");
	switch (answer.status) {
	case ROOTS_NO_REVISION:
		return arena_printf(resolver->arena, "a hub cache has %.*s, but %.*s",
			TEXT_ARGUMENTS(model), TEXT_ARGUMENTS(detail));
	case ROOTS_UNREADABLE:
		return arena_printf(resolver->arena, "%.*s is there but cannot be used: %.*s",
			TEXT_ARGUMENTS(model), TEXT_ARGUMENTS(detail));
	case ROOTS_CLOSED:
		return arena_printf(resolver->arena,
			"no model root that can be opened has %.*s; %.*s", TEXT_ARGUMENTS(model),
			TEXT_ARGUMENTS(detail));
	case ROOTS_REFUSED:
		return arena_printf(resolver->arena, "%.*s is no name below a model root: %.*s",
			TEXT_ARGUMENTS(model), TEXT_ARGUMENTS(detail));
	default:
		return arena_printf(resolver->arena, "no model root has %.*s%s%.*s",
			TEXT_ARGUMENTS(model), answer.detail.length > 0 ? ": " : "",
			TEXT_ARGUMENTS(answer.detail));
	}
}

/* A model's name in a message: at most so much of it, and nothing but what can be read. */
static struct text shown(struct resolver *resolver, struct text model)
{
	struct node name = { .kind = NODE_STRING, .text = model };
	return value_words(resolver->arena, &name);
}

static struct roots_answer ask_roots(
	struct resolver *resolver, struct text model, struct text revision)
{
	const struct resolve_request *request = resolver->request;
	return request->ret_cold
		       ? roots_look_up_kept(request->roots, resolver->arena, model, revision)
		       : roots_look_up(request->roots, resolver->arena, model, revision);
}

/* Where the memo had no memory, this request's own may do, or fails it. */
static struct roots_answer ask(struct resolver *resolver, struct text model, struct text revision)
{
	const struct resolve_request *request = resolver->request;
	struct roots_answer answer = { .status = ROOTS_NO_MEMORY };
	if (request->memo) {
		request->memo->kept_only = request->ret_cold != NULL;
		answer = roots_recall(request->roots, request->memo, model, revision);
	}
	if (answer.status == ROOTS_NO_MEMORY)
		answer = ask_roots(resolver, model, revision);
	return answer;
}

static void look_up(struct resolver *resolver, struct text model, struct text revision)
{
	struct facts *facts = &resolver->facts;
	bool named = resolver->request->checkpoint == CHECKPOINT_NAMED;
	if (!resolver->request->roots) {
		facts->lookup = named ? TEXT("no model root is configured")
				      : TEXT("none was given, and no model root is configured");
		return;
	}
	if (model.length == 0) {
		facts->lookup = named ? TEXT("the name is empty")
				      : TEXT("none was given, and the config names no base_model");
		return;
	}
	struct roots_answer answer = ask(resolver, model, revision);
	if (answer.status == ROOTS_COLD) {
		*resolver->request->ret_cold = text_hash(answer.detail) | 1;
		return;
	}
	facts->lookup_unusable = answer.status == ROOTS_UNREADABLE;
	facts->lookup_closed = answer.status == ROOTS_CLOSED;
	if (answer.status == ROOTS_FOUND)
		facts->checkpoint = answer.checkpoint;
	else
		facts->lookup = why_not(resolver, shown(resolver, model), answer);
}

static struct text setting_text(const struct facts *facts, enum key key)
{
	return is_set(facts, key) ? facts->settings[key].text : TEXT("");
}

/* A name that the request itself gives, so that no place in the config is to be shown. */
static void report_not_found(struct resolver *resolver)
{
	const struct word words[] = {
		{ "lookup", resolver->facts.lookup },
		{ NULL, TEXT("") },
	};
	const struct facts *facts = &resolver->facts;
	report(resolver,
		facts->lookup_unusable ? "checkpoint-unusable"
		: facts->lookup_closed ? "model-root-closed"
				       : "checkpoint-not-found",
		words, NULL, 0);
}

void checkpoint_read(struct resolver *resolver)
{
	const struct resolve_request *request = resolver->request;
	struct facts *facts = &resolver->facts;
	switch (request->checkpoint) {
	case CHECKPOINT_GIVEN:
		facts->checkpoint = request->checkpoint_found ? request->checkpoint_found
							      : inspect_given(resolver);
		break;
	case CHECKPOINT_NAMED:
		look_up(resolver, request->checkpoint_model, TEXT(""));
		break;
	case CHECKPOINT_LOOK_UP:
		look_up(resolver, setting_text(facts, KEY_BASE_MODEL),
			setting_text(facts, KEY_REVISION_OF_MODEL));
		break;
	case CHECKPOINT_NO:
		facts->lookup = TEXT("the request says that none should be looked at");
		break;
	}
	if (request->checkpoint == CHECKPOINT_NAMED && !facts->checkpoint)
		report_not_found(resolver);
	if (facts->checkpoint)
		report_checkpoint(resolver, facts->checkpoint);
	keywords_read(resolver);
	override_read(resolver);
	shapes_read(resolver);
}
