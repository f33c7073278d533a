#include <string.h>

#include "base/utf8.h"
#include "checkpoint/folders/memo.h"
#include "render/json.h"
#include "render/render.h"
#include "service/requests/call.h"
#include "service/requests/envelope.h"
#include "service/requests/handlers.h"
#include "service/requests/metrics.h"
#include "service/requests/pieces.h"
#include "service/requests/settings.h"

enum outcome_word {
	ITEM_OK,
	ITEM_REJECTED,
	ITEM_UNREADABLE,
	ITEM_OUTCOMES,
};

/*
 * A batch under way: one item at a time is resolved into memory of its own, sent, and forgotten. What
 * is kept is the body and this.
 */
struct batch {
	struct pieces pieces;
	bool object;       /* one JSON object instead of lines */
	bool torn;         /* the array's end was told of */
	bool finished;     /* the summary is in `whole` */
	size_t index;      /* of the next item */
	struct text whole; /* what was rendered last … */
	size_t sent;       /* … and how much of it went out */
	size_t outcomes[ITEM_OUTCOMES];
	struct roots_memo models;
};

const char *const batch_types[] = { "application/x-ndjson", "application/json", "application/jsonl",
	"application/ndjson", NULL };

static void count_resolution(
	struct request *request, struct batch *batch, const struct resolution *resolution)
{
	static const enum outcome_word outcomes[] = {
		[RESOLUTION_OK] = ITEM_OK,
		[RESOLUTION_REJECTED] = ITEM_REJECTED,
		[RESOLUTION_UNREADABLE] = ITEM_UNREADABLE,
	};
	batch->outcomes[outcomes[resolution->status]]++;
	request->errors += resolution->counts[SEVERITY_ERROR];
	request->warnings += resolution->counts[SEVERITY_WARNING];
	metrics_count_resolution(request->metrics, resolution);
}

static void render_problem(
	struct request *request, struct batch *batch, const struct refusal *refusal, size_t index)
{
	struct arena *arena = &request->item_arena;
	struct buffer out;
	buffer_init(&out, arena, 512);
	problem_render(&out, refusal,
		arena_printf(arena, "%.*s#/%zu", TEXT_ARGUMENTS(request->head.path), index));
	batch->whole = buffer_text(&out);
	batch->outcomes[ITEM_UNREADABLE]++;
}

/* False when the item is refused, or memory was short. Nothing is rendered when its model is cold. */
static bool render_item(
	struct request *request, struct batch *batch, struct text item, struct refusal *refusal)
{
	struct arena *arena = &request->item_arena;
	struct call call = call_begin(request, arena, refusal);
	call_check_size(&call, "item", item.length, request->settings->options.config_limit);
	if (refusal->problem == PROBLEM_NONE && batch->pieces.form != PIECES_YAML)
		call_take_envelope(&call, item);
	else
		call.ask.config = item;
	call_take_query(&call);
	call.ask.memo = &batch->models;
	if (refusal->problem != PROBLEM_NONE || arena_failed(arena))
		return false;
	const struct resolution *resolution = resolve(arena, &call.ask);
	if (request->cold != 0)
		return true;
	struct buffer out;
	buffer_init(&out, arena, 8192);
	if (resolution)
		render_resolution_json(&out, resolution);
	if (!resolution || arena_failed(arena))
		return false;
	count_resolution(request, batch, resolution);
	batch->whole = buffer_text(&out);
	return true;
}

static void take_item(struct request *request, struct batch *batch, struct text item)
{
	struct refusal refusal =
		request->refusal; /* of this item, where there was no place to wait */
	size_t index = batch->index++;
	if (refusal.problem == PROBLEM_NONE && render_item(request, batch, item, &refusal))
		return;
	if (arena_failed(&request->item_arena)) {
		refusal = (struct refusal){
			.problem = request_shortage(request, &request->item_arena),
		};
		arena_reset(&request->item_arena);
	}
	render_problem(request, batch, &refusal, index);
}

static void take_torn_array(struct request *request, struct batch *batch)
{
	const struct refusal refusal = {
		.problem = PROBLEM_BAD_ENVELOPE,
		.detail = TEXT("the array does not end where the body ends"),
	};
	batch->torn = true;
	render_problem(request, batch, &refusal, batch->index++);
}

static void render_summary(struct request *request, struct batch *batch)
{
	static const char *const names[] = {
		[ITEM_OK] = "ok",
		[ITEM_REJECTED] = "rejected",
		[ITEM_UNREADABLE] = "unreadable",
	};
	struct buffer out;
	struct json json;
	buffer_init(&out, &request->item_arena, 128);
	json_begin(&json, &out);
	json_open(&json, '{');
	for (int i = 0; i < ITEM_OUTCOMES; i++) {
		json_key(&json, names[i]);
		json_unsigned(&json, batch->outcomes[i]);
	}
	json_close(&json, '}');
	buffer_add_string(&out, batch->object ? "}\n" : "\n");
	batch->whole = buffer_text(&out);
	batch->finished = true;
}

/* In one object the items stand in an array; each was rendered with a line end, which is blank. */
static void wrap(struct request *request, struct batch *batch, bool first)
{
	struct buffer out;
	buffer_init(&out, &request->item_arena, batch->whole.length + 32);
	buffer_add_string(&out, first ? "{\"results\":[" : "");
	if (batch->finished)
		buffer_add_string(&out, "],\"summary\":");
	else if (!first)
		buffer_add_byte(&out, ',');
	buffer_add(&out, batch->whole);
	batch->whole = buffer_text(&out);
}

static void render_next(struct request *request, struct batch *batch)
{
	struct text item;
	bool first = batch->index == 0;
	arena_reset(&request->item_arena);
	batch->sent = 0;
	if (pieces_next(&batch->pieces, &item))
		take_item(request, batch, item);
	else if (batch->pieces.torn && !batch->torn)
		take_torn_array(request, batch);
	else
		render_summary(request, batch);
	if (batch->object && request->cold == 0)
		wrap(request, batch, first);
}

static bool is_short(const struct request *request)
{
	const struct batch *batch = request->batch;
	return batch->sent == batch->whole.length && !batch->finished;
}

static size_t next_size(const struct request *request)
{
	struct pieces pieces = request->batch->pieces;
	struct text item;
	return pieces_next(&pieces, &item) ? item.length : 0;
}

/* Where its model is cold, an item is to come again. */
static void make(struct request *request)
{
	struct batch *batch = request->batch;
	struct pieces pieces = batch->pieces;
	size_t index = batch->index;
	request->cold = 0;
	batch->whole = TEXT("");
	render_next(request, batch);
	request->refusal = (struct refusal){ 0 };
	if (request->cold == 0)
		return;
	batch->pieces = pieces;
	batch->index = index;
}

/* Memory for an item's own problem is mostly there. */
static size_t stream(struct request *request, char *out, size_t room)
{
	struct batch *batch = request->batch;
	if (arena_failed(&request->item_arena))
		return STREAM_TORN;
	size_t left = batch->whole.length - batch->sent;
	size_t length = left < room ? left : room;
	memcpy(out, batch->whole.data + batch->sent, length);
	batch->sent += length;
	request->reply.streamed += length;
	return length;
}

/* Before the reply begins: afterwards it would be too late to refuse. Not beyond one more than the limit. */
static size_t count_items(struct pieces pieces, size_t limit)
{
	struct text item;
	size_t count = 0;
	while (count <= limit && pieces_next(&pieces, &item))
		count++;
	return count;
}

static struct text decoded(struct request *request)
{
	struct text body = buffer_text(&request->body);
	struct text utf8 = utf8_looks_like_utf16(body) ? utf8_from_utf16(&request->arena, body)
						       : (struct text){ .data = NULL };
	body = utf8.data ? utf8 : body;
	return text_starts_with(body, "\xef\xbb\xbf") ? text_from(body, 3) : body;
}

static enum pieces_form form_of(const struct request *request, struct text body)
{
	switch (request->form) {
	case FORM_LINES:
		return PIECES_LINES;
	case FORM_ARRAY:
		return PIECES_ARRAY;
	case FORM_UNSAID_BATCH:
		if (text_starts_with(text_trim(body), "["))
			return PIECES_ARRAY; /* which is no config */
		return envelope_begins(body) ? PIECES_LINES : PIECES_YAML;
	default:
		return PIECES_YAML;
	}
}

/* What concerns the batch as a whole; later it would be too late to refuse. */
static bool cut(struct request *request, struct batch *batch)
{
	size_t limit = request->settings->options.batch_item_limit;
	struct text body = decoded(request);
	bool sound = pieces_begin(&batch->pieces, form_of(request, body), body);
	size_t count = sound ? count_items(batch->pieces, limit) : 0;
	if (!sound)
		request_refuse(request, PROBLEM_BAD_ENVELOPE,
			TEXT("a batch in JSON is an array of envelopes, or an envelope a line"));
	else if (count == 0 && batch->pieces.form != PIECES_ARRAY)
		request_refuse(request, PROBLEM_EMPTY_BATCH,
			TEXT("there is no config in the body: send YAML documents with \"---\" "
			     "between them, or an envelope a line; an empty batch is []"));
	else if (count > limit)
		request_refuse(request, PROBLEM_BODY_TOO_LARGE,
			arena_printf(&request->arena, "a batch has at most %zu items", limit));
	return request->refusal.problem == PROBLEM_NONE;
}

void handle_batch(struct request *request)
{
	struct batch *batch = ARENA_NEW(&request->arena, struct batch);
	if (!batch || !cut(request, batch))
		return;
	request_phase(request, PHASE_UNPACK);
	arena_init(&request->item_arena, request->arena.limit);
	request->item_arena.pool = request->arena.pool;
	roots_memo_init(&batch->models, request->arena.limit, request->arena.pool);
	if (!arena_defer(&request->arena, roots_memo_end, &batch->models))
		return;
	batch->object = request->offer == 1;
	request->batch = batch;
	request->reply.status = 200;
	request->reply.content_type = batch_types[request->offer];
	request->reply.stream = stream;
	request->reply.is_short = is_short;
	request->reply.next_size = next_size;
	request->reply.make = make;
}
