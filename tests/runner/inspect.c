/*
 * Inspection as a property: whatever stands in a checkpoint's files, there is an answer, it is the same the second time, it is
 * well-formed, and its places lie in the text. Over tests/matrix.tsv and the real checkpoints below QUANTCONF_CORPUS, as they
 * are and spoilt at random: QUANTCONF_FUZZ_COUNT (default 3000) from QUANTCONF_FUZZ_SEED (default 1) on.
 */
#include "base/utf8.h"
#include "checkpoint/weights/weights.h"
#include "render/render.h"
#include "runner/support.h"
#include "source/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPES_MAXIMUM 512
#define SHAPE_BYTES_MAXIMUM 32768
#define FAILURES_MAXIMUM 5
#define SPOILT_MAXIMUM 5

static const struct document_limits limits = { .depth = 64, .nodes = 400000 };

static const char *const configs[] = {
	"adapter: lora\n",
	"base_model: a/b\n",
	"adapter: qlora\nload_in_4bit: true\nbnb_config_kwargs: {bnb_4bit_quant_type: fp4}\n",
	"adapter: lora\ngptq: true\n",
	"adapter: lora\nmodel_quantization_config: {torchao: {weight_dtype: int4}}\n",
	"adapter: lora\nmodel_quantization_config: {mxfp4: {config_kwargs: {dequantize: true}}}\n",
	"model_quantization_config: {fp8: {config_kwargs: {modules_to_not_convert: [lm_head, a]}}}\n",
	"adapter: lora\nquantize_moe_experts: true\n",
};

/* Values that stand where others are wanted. */
static const char *const odd_values[] = { "null", "true", "false", "0", "-1", "4", "4.5", "1e999",
	"123456789012345678901234567890", "\"\"", "\"4\"", "\"fp4\"", "\"\\u0041\"", "\"(a+)+$\"",
	"\"re:[\"", "\"*.x.*\"", "[]", "{}", "[null]", "[[[]]]", "{\"a\":{\"b\":[1,{}]}}",
	"{\"default\":{\"_type\":\"x\"}}", "\"torchao\"", "\"gptq\"", "[\"lm_head\",7]" };

static const char header[] =
	"{\"__metadata__\":{\"format\":\"pt\"},\"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[8,4],"
	"\"data_offsets\":[0,64]},\"model.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[4,4],"
	"\"data_offsets\":[64,80]},\"model.layers.0.mlp.gate_proj.qweight\":{\"dtype\":\"I32\",\"shape\":[4],"
	"\"data_offsets\":[80,96]}}";
static const char index_json[] =
	"{\"metadata\":{\"total_size\":96},\"weight_map\":{\"model.embed_tokens.weight\":\"a.safetensors\","
	"\"model.layers.0.self_attn.q_proj.weight\":\"a.safetensors\",\"lm_head.weight\":\"b.safetensors\"}}";

struct run {
	struct tally tally;
	struct arena kept;  /* the shapes */
	struct arena arena; /* one case */
	struct text shapes[SHAPES_MAXIMUM];
	size_t shape_count;
	uint64_t state;
	struct text json; /* of the case, for messages */
};

/* splitmix64 */
static uint64_t random_next(struct run *run)
{
	uint64_t z = run->state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t random_below(struct run *run, size_t bound)
{
	return bound > 0 ? random_next(run) % bound : 0;
}

static struct text replaced(
	struct arena *arena, struct text text, size_t from, size_t to, struct text middle)
{
	struct buffer out;
	buffer_init(&out, arena, text.length + middle.length);
	buffer_add(&out, (struct text){ text.data, from });
	buffer_add(&out, middle);
	buffer_add(&out, text_from(text, to));
	return buffer_text(&out);
}

/* Just behind a colon, comma or bracket; the text's length when there is none. */
static size_t value_start(struct run *run, struct text text)
{
	size_t at = random_below(run, text.length);
	while (at < text.length && !strchr(":,[", text.data[at]))
		at++;
	return at < text.length ? at + 1 : at;
}

static size_t value_end(struct text text, size_t at)
{
	while (at < text.length && !strchr(",]}", text.data[at]))
		at++;
	return at;
}

static struct text spoil(struct run *run, struct text text)
{
	struct arena *arena = &run->arena;
	const char *odd = odd_values[random_below(run, sizeof(odd_values) / sizeof(odd_values[0]))];
	size_t from = random_below(run, text.length), start = value_start(run, text);
	size_t length = random_below(run, 24), to = from + length;
	to = to < text.length ? to : text.length;
	struct text slice = { text.data + from, to - from };
	char byte = (char)random_next(run);
	struct text other = run->shapes[random_below(run, run->shape_count)];
	switch (random_below(run, 8)) {
	case 0:
		return replaced(arena, text, from, from < text.length ? from + 1 : from,
			(struct text){ &byte, 1 });
	case 1:
		return replaced(arena, text, from, to, TEXT(""));
	case 2:
		return replaced(arena, text, to, to, slice);
	case 3:
		return replaced(arena, text, start, start, other);
	case 4:
		return arena_printf(arena, "{\"text_config\":%.*s,\"quantization_config\":%s}",
			TEXT_ARGUMENTS(text), odd);
	default:
		return replaced(arena, text, start, value_end(text, start), text_of(odd));
	}
}

static void findings_check(
	struct run *run, const struct diagnostic *const *findings, size_t count, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		const struct diagnostic *finding = findings[i];
		tally_check(&run->tally, finding->message.length > 0, "%.*s: %s says nothing",
			TEXT_ARGUMENTS(run->json), finding->rule->id);
		for (size_t k = 0; k < finding->location_count; k++) {
			const struct location *place = &finding->locations[k];
			if (place->placed && place->source == LOCATION_CHECKPOINT)
				tally_check(&run->tally,
					place->offset + place->length <= length &&
						place->line > 0 && place->column > 0,
					"%.*s: %s is placed outside", TEXT_ARGUMENTS(run->json),
					finding->rule->id);
		}
	}
}

static void checkpoint_check(struct run *run, const struct checkpoint *checkpoint)
{
	const struct checkpoint_problem *problem = checkpoint->problems;
	size_t roles = 0, refused = 0;
	for (; problem; problem = problem->next)
		refused += problem->fault == CHECKPOINT_BLOCK_REFUSED;
	for (int i = 0; i < ROLE_COUNT; i++)
		roles += checkpoint->exclusions.roles[i];
	tally_check(&run->tally,
		roles == checkpoint->exclusions.count &&
			checkpoint->problem_count <= CHECKPOINT_PROBLEMS_MAXIMUM &&
			(!refused || !checkpoint->config_class) &&
			(checkpoint->quantized || !checkpoint->method),
		"%.*s: an inspection that contradicts itself", TEXT_ARGUMENTS(run->json));
}

static struct text inspection_json(struct run *run, const struct inspection *inspection)
{
	struct buffer out;
	struct inspection shown = *inspection;
	shown.include_exclusions = true;
	buffer_init(&out, &run->arena, 4096);
	render_inspection_json(&out, &shown);
	return buffer_text(&out);
}

static void well_formed(struct run *run, struct text reply)
{
	struct document document;
	json_read(&document, &run->arena, reply, &(struct document_limits){ 128, 4000000 });
	tally_check(&run->tally, document.root && !document.problems,
		"%.*s: a reply that is no JSON: %.*s", TEXT_ARGUMENTS(run->json),
		TEXT_ARGUMENTS(reply));
}

/* Whole lines, and nothing that would steer a terminal. */
static void readable(struct run *run, const struct buffer *page)
{
	struct text text = buffer_text(page);
	bool fine = text_ends_with(text, "\n") && utf8_first_fault(text) == text.length;
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];
		fine &= (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
	}
	tally_check(&run->tally, fine, "%.*s: no page for people: %.*s", TEXT_ARGUMENTS(run->json),
		TEXT_ARGUMENTS(text));
}

static void inspection_check(struct run *run, const struct inspection *inspection)
{
	struct inspection shown = *inspection;
	struct buffer page;
	shown.include_exclusions = true;
	buffer_init(&page, &run->arena, 4096);
	render_inspection_text(&page, &shown, false);
	readable(run, &page);
	well_formed(run, inspection_json(run, inspection));
}

static void inspect_check(struct run *run)
{
	const struct inspection *one = inspect(&run->arena, run->json, NULL);
	const struct inspection *two = inspect(&run->arena, run->json, NULL);
	if (!tally_check(&run->tally, one && two, "%.*s: no answer", TEXT_ARGUMENTS(run->json)))
		return;
	struct text reply = inspection_json(run, one);
	tally_check(&run->tally, text_equal(reply, inspection_json(run, two)), "%.*s: two answers",
		TEXT_ARGUMENTS(run->json));
	inspection_check(run, one);
	checkpoint_check(run, one->checkpoint);
	findings_check(run, (const struct diagnostic *const *)one->findings, one->finding_count,
		one->checkpoint->bytes.length);
}

static void resolve_check(struct run *run, const char *config)
{
	const struct resolve_request request = {
		.config = text_of(config),
		.checkpoint = CHECKPOINT_GIVEN,
		.checkpoint_bytes = run->json,
	};
	const struct resolution *resolution = resolve(&run->arena, &request);
	if (!tally_check(&run->tally, resolution, "%.*s: no resolution", TEXT_ARGUMENTS(run->json)))
		return;
	bool rejected = resolution->counts[SEVERITY_ERROR] > 0;
	tally_check(&run->tally,
		rejected == (resolution->status != RESOLUTION_OK) &&
			rejected == !resolution->effective && rejected == !resolution->canonical,
		"%.*s: neither rejected nor resolved", TEXT_ARGUMENTS(run->json));
	struct buffer out;
	buffer_init(&out, &run->arena, 4096);
	render_resolution_json(&out, resolution);
	well_formed(run, buffer_text(&out));
	buffer_init(&out, &run->arena, 4096);
	render_resolution_text(&out, resolution, false);
	readable(run, &out);
}

static struct shard shard_of(struct run *run, struct text json)
{
	uint64_t length = random_below(run, 20) ? json.length : random_next(run);
	char *bytes = arena_alloc(&run->arena, json.length + 8);
	for (int i = 0; bytes && i < 8; i++)
		bytes[i] = (char)(length >> (8 * i));
	if (bytes)
		memcpy(bytes + 8, json.data, json.length);
	size_t cut = random_below(run, 20) ? 0 : random_below(run, json.length + 8);
	return (struct shard){ .name = TEXT("a.safetensors"),
		.head = { bytes, json.length + 8 - cut },
		.size = json.length + 104 };
}

/* The same beside an index and a shard, which may be spoilt, too. */
static void files_check(struct run *run, struct text head, struct text index)
{
	struct shard shard = shard_of(run, head);
	const struct checkpoint_files files = {
		.config = run->json, .shards = &shard, .shard_count = 1, .index = index
	};
	const struct checkpoint *checkpoint =
		checkpoint_inspect_files(&run->arena, &files, &limits);
	if (!tally_check(&run->tally, checkpoint, "%.*s: no answer with files",
		    TEXT_ARGUMENTS(run->json)))
		return;
	checkpoint_check(run, checkpoint);
	const struct inspection *inspection = inspect_found(&run->arena, checkpoint);
	if (tally_check(&run->tally, inspection, "%.*s: no memory", TEXT_ARGUMENTS(run->json)))
		inspection_check(run, inspection);
}

static void case_check(struct run *run, size_t spoilt)
{
	struct text head = text_of(header), index = text_of(index_json);
	for (size_t i = 0; i < spoilt; i++) {
		run->json = spoil(run, run->json);
		head = random_below(run, 2) ? head : spoil(run, head);
		index = random_below(run, 2) ? index : spoil(run, index);
	}
	inspect_check(run);
	resolve_check(run, configs[random_below(run, sizeof(configs) / sizeof(configs[0]))]);
	files_check(run, head, index);
	arena_reset(&run->arena);
}

static void shape_add(struct run *run, struct text json)
{
	if (run->shape_count < SHAPES_MAXIMUM && json.length <= SHAPE_BYTES_MAXIMUM)
		run->shapes[run->shape_count++] = json;
}

static void read_matrix(struct run *run)
{
	const char *source = getenv("srcdir");
	const char *path = path_join(&run->kept, source ? source : ".", "tests/matrix.tsv");
	struct text text, line;
	if (!tally_check(
		    &run->tally, file_read(&run->kept, path, &text), "%s: cannot be read", path))
		return;
	while (text_line(&text, &line)) {
		const char *json = line.length ? memchr(line.data, '{', line.length) : NULL;
		const char *end =
			json ? memchr(json, '\t', (size_t)(line.data + line.length - json)) : NULL;
		if (end && text_starts_with(line, "checkpoint\t"))
			shape_add(run, (struct text){ json, (size_t)(end - json) });
	}
}

static void read_corpus(struct run *run)
{
	const char *folder = corpus_path(&run->kept, "checkpoints");
	struct listing listing;
	if (!folder || !folder_list(&run->kept, folder, ".json", &listing))
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct text json;
		if (file_read(&run->kept, path_join(&run->kept, folder, listing.names[i]), &json))
			shape_add(run, json);
	}
}

static void check_randoms(struct run *run)
{
	unsigned long long seed = number_of_variable("QUANTCONF_FUZZ_SEED", 1);
	unsigned long long count = number_of_variable("QUANTCONF_FUZZ_COUNT", 3000);
	for (unsigned long long i = 0; i < count && run->tally.failures < FAILURES_MAXIMUM; i++) {
		run->state = seed + i;
		run->json = run->shapes[random_below(run, run->shape_count)];
		case_check(run, 1 + random_below(run, SPOILT_MAXIMUM));
		if (run->tally.failures > 0)
			printf("seed %llu\n", seed + i);
	}
}

int main(void)
{
	static struct run run = { .tally = { .name = "inspect" } };
	arena_init(&run.kept, TEST_MEMORY);
	arena_init(&run.arena, TEST_MEMORY);
	read_matrix(&run);
	read_corpus(&run);
	for (size_t i = 0; i < run.shape_count; i++) {
		run.json = run.shapes[i];
		case_check(&run, 0);
	}
	if (tally_check(&run.tally, run.shape_count > 50, "only %zu shapes", run.shape_count))
		check_randoms(&run);
	int status = tally_finish(&run.tally);
	arena_release(&run.arena);
	arena_release(&run.kept);
	return status;
}
