/*
 * What looking at a checkpoint costs: inspecting one with 305 exclusions beside cJSON's bare parse of
 * the same bytes, and a resolve (to the rendered reply) whose model a root has beside one that looks at none.
 */
#include "bench/timing.h"
#include "checkpoint/folders/roots.h"
#include "render/render.h"
#include "runner/support.h"

#include <cjson/cJSON.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXCLUSIONS 305
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

/* As long as the median of real configs. */
static const char config[] = "base_model: org/model\n"
			     "# Automatically upload checkpoint and final model to HF\n"
			     "# hub_model_id: username/custom_model_name\n"
			     "\n"
			     "datasets:\n"
			     "  - path: tatsu-lab/alpaca\n"
			     "    type: alpaca\n"
			     "dataset_prepared_path: last_run_prepared\n"
			     "val_set_size: 0.05\n"
			     "output_dir: ./outputs/out\n"
			     "\n"
			     "adapter: lora\n"
			     "lora_r: 32\n"
			     "lora_alpha: 16\n"
			     "lora_dropout: 0.05\n"
			     "lora_target_modules:\n"
			     "  - gate_proj\n"
			     "  - down_proj\n"
			     "  - up_proj\n"
			     "  - q_proj\n"
			     "  - v_proj\n"
			     "  - k_proj\n"
			     "  - o_proj\n"
			     "\n"
			     "sequence_len: 4096\n"
			     "sample_packing: true\n"
			     "eval_sample_packing: false\n"
			     "\n"
			     "wandb_project:\n"
			     "wandb_entity:\n"
			     "wandb_watch:\n"
			     "wandb_name:\n"
			     "wandb_log_model:\n"
			     "\n"
			     "gradient_accumulation_steps: 4\n"
			     "micro_batch_size: 2\n"
			     "num_epochs: 1\n"
			     "optimizer: adamw_bnb_8bit\n"
			     "lr_scheduler: cosine\n"
			     "learning_rate: 0.0002\n"
			     "\n"
			     "bf16: auto\n"
			     "tf32: false\n"
			     "gradient_checkpointing: true\n"
			     "resume_from_checkpoint:\n"
			     "logging_steps: 1\n"
			     "flash_attention: true\n"
			     "\n"
			     "loss_watchdog_threshold: 5.0\n"
			     "loss_watchdog_patience: 3\n"
			     "\n"
			     "warmup_steps: 10\n"
			     "evals_per_epoch: 4\n"
			     "saves_per_epoch: 1\n"
			     "weight_decay: 0.0\n"
			     "special_tokens:\n"
			     "  pad_token: \"<|end_of_text|>\"\n";

struct subject {
	struct arena arena;
	struct text checkpoint;
	struct roots *roots;
	const struct checkpoint *inspected;
};

static bool bare_parse(void *thing)
{
	struct subject *subject = thing;
	cJSON *value = cJSON_ParseWithLength(subject->checkpoint.data, subject->checkpoint.length);
	cJSON_Delete(value);
	return value;
}

static bool core_inspect(void *thing)
{
	struct subject *subject = thing;
	bool fine = inspect(&subject->arena, subject->checkpoint, &resolve_limits_default);
	arena_reset(&subject->arena);
	return fine;
}

static bool config_resolve(struct subject *subject, enum checkpoint_choice choice)
{
	struct resolve_request request = {
		.config = TEXT(config),
		.checkpoint = choice,
		.checkpoint_found = choice == CHECKPOINT_GIVEN ? subject->inspected : NULL,
		.roots = subject->roots,
	};
	struct buffer reply;
	const struct resolution *resolution = resolve(&subject->arena, &request);
	bool fine = resolution && !resolution->checkpoint == (choice == CHECKPOINT_NO);
	buffer_init(&reply, &subject->arena, 8192);
	if (fine)
		render_resolution_json(&reply, resolution);
	fine = fine && !arena_failed(&subject->arena);
	arena_reset(&subject->arena);
	return fine;
}

static bool resolve_alone(void *thing)
{
	return config_resolve(thing, CHECKPOINT_NO);
}

static bool resolve_inspected(void *thing)
{
	return config_resolve(thing, CHECKPOINT_GIVEN);
}

static bool resolve_with_model(void *thing)
{
	return config_resolve(thing, CHECKPOINT_LOOK_UP);
}

static bool pair_print(struct subject *subject, const char *label, bool (*ours)(void *subject),
	bool (*other)(void *subject))
{
	double mine, theirs;
	bool fine = timing_compare(ours, other, subject, &mine, &theirs);
	printf("%-62s %8.1f us %8.1f us %6.2f\n", label, mine * 1e6, theirs * 1e6, mine / theirs);
	return fine;
}

static struct text checkpoint_make(struct arena *arena)
{
	static const char *const modules[] = { "q_a_proj", "q_b_proj", "kv_b_proj", "o_proj" };
	struct buffer out;
	buffer_init(&out, arena, 65536);
	buffer_add_string(&out,
		"{\"model_type\": \"kimi_k2\", \"quantization_config\": {"
		"\"quant_method\": \"quark\", \"global_quant_config\": {\"weight\": "
		"{\"dtype\": \"fp4\", \"qscheme\": \"per_group\", \"group_size\": "
		"32, \"scale_format\": \"e8m0\"}}, \"exclude\": [\n\"lm_head\"");
	for (int i = 1; i < EXCLUSIONS; i++)
		buffer_printf(&out, ",\n\"language_model.model.layers.%d.self_attn.%s\"", i / 4,
			modules[i % 4]);
	buffer_add_string(&out, "]}}\n");
	return buffer_text(&out);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

/* A safetensors header of one layer's tensors, without the tensors: a hole in the file. */
static struct text shard_make(struct arena *arena, int layer, size_t *ret_size)
{
	struct buffer out;
	buffer_init(&out, arena, 4096);
	buffer_add_string(&out, "________{");
	for (int i = 0; i < 8; i++)
		buffer_printf(&out,
			"%s\"model.layers.%d.self_attn.%d_proj.weight\":{\"dtype\":\"BF16\","
			"\"shape\":[512,512],\"data_offsets\":[%d,%d]}",
			i > 0 ? "," : "", layer, i, i * 524288, (i + 1) * 524288);
	buffer_add_string(&out, "}");
	for (int i = 0; i < 8; i++)
		out.data[i] = (char)(i < 2 ? (out.length - 8) >> 8 * i & 0xff : 0);
	*ret_size = out.length + (size_t)8 * 524288;
	return buffer_text(&out);
}

/* A file that the hub's cache has: a blob, and the snapshot's link to it. */
static bool put_blob(
	struct arena *arena, const char *model, const char *name, struct text bytes, size_t size)
{
	const char *hash = arena_printf(arena, "%064x", (unsigned)text_hash(text_of(name))).data;
	const char *blob = path_join(arena, path_join(arena, model, "blobs"), hash);
	const char *snapshot = path_join(arena, path_join(arena, model, "snapshots"), COMMIT);
	const char *target = path_join(arena, "../../blobs", hash);
	return file_write(blob, bytes) && truncate(blob, (off_t)size) == 0 &&
	       symlink(target, path_join(arena, snapshot, name)) == 0;
}

static bool put_shards(struct arena *arena, const char *model)
{
	struct buffer index;
	bool fine = true;
	buffer_init(&index, arena, 4096);
	buffer_add_string(&index, "{\"weight_map\":{");
	for (int shard = 1; shard <= 2; shard++) {
		size_t size;
		struct text head = shard_make(arena, shard, &size);
		struct text name = arena_printf(arena, "model-0000%d-of-00002.safetensors", shard);
		for (int i = 0; i < 8; i++)
			buffer_printf(&index,
				"%s\"model.layers.%d.self_attn.%d_proj.weight\":\"%s\"",
				shard + i > 1 ? "," : "", shard, i, name.data);
		fine = fine && put_blob(arena, model, name.data, head, size);
	}
	buffer_add_string(&index, "}}");
	return fine && put_blob(arena, model, "model.safetensors.index.json", buffer_text(&index),
			       index.length);
}

static bool make_folders(struct arena *arena, const char *above, const char *const *names)
{
	bool fine = true;
	for (; *names; names++)
		fine = fine && mkdir(path_join(arena, above, *names), 0700) == 0;
	return fine;
}

static bool hub_make(struct arena *arena, const char *folder, struct text checkpoint)
{
	static const char *const folders[] = { "models--org--model", "models--org--model/blobs",
		"models--org--model/refs", "models--org--model/snapshots",
		"models--org--model/snapshots/" COMMIT, NULL };
	const char *model = path_join(arena, folder, folders[0]);
	return make_folders(arena, folder, folders) &&
	       file_write(path_join(arena, model, "refs/main"), TEXT(COMMIT)) &&
	       put_blob(arena, model, "config.json", checkpoint, checkpoint.length) &&
	       put_blob(arena, model, "hf_quant_config.json", TEXT("{}"), 2) &&
	       put_shards(arena, model);
}

static bool plain_make(struct arena *arena, const char *folder, struct text checkpoint)
{
	static const char *const folders[] = { "org", "org/model", NULL };
	return make_folders(arena, folder, folders) &&
	       file_write(path_join(arena, folder, "org/model/config.json"), checkpoint);
}

/* Beside no checkpoint, of which the reply says less; and beside the same one, inspected before. */
static bool model_compare(struct subject *subject, const char *where)
{
	struct arena holder;
	arena_init(&holder, TEST_MEMORY);
	subject->inspected =
		roots_look_up(subject->roots, &holder, TEXT("org/model"), TEXT("")).checkpoint;
	printf("resolve, its model kept (%s)\n", where);
	bool fine = subject->inspected &&
		    pair_print(subject, "    / no checkpoint", resolve_with_model, resolve_alone) &&
		    pair_print(subject, "    / its inspection at hand", resolve_with_model,
			    resolve_inspected);
	arena_release(&holder);
	return fine;
}

static bool roots_compare(struct subject *subject, struct arena *kept)
{
	char plain[] = "/tmp/quantconf-bench-XXXXXX", hub[] = "/tmp/quantconf-bench-XXXXXX";
	const struct root_path paths[] = { { ROOT_MODELS, plain }, { ROOT_HF_CACHE, hub } };
	bool fine = mkdtemp(plain) && mkdtemp(hub) &&
		    plain_make(kept, plain, subject->checkpoint) &&
		    hub_make(kept, hub, subject->checkpoint);
	static const char *const labels[] = { "a plain root",
		"a hub cache, side file, index, two headers" };
	for (int i = 0; fine && i < 2; i++) {
		subject->roots = roots_new(&paths[i], 1, &roots_limits_default);
		fine = subject->roots && model_compare(subject, labels[i]);
		roots_free(subject->roots);
	}
	nftw(plain, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	nftw(hub, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return fine;
}

int main(void)
{
	struct subject subject = { .roots = NULL };
	struct arena kept;
	arena_init(&kept, TEST_MEMORY);
	arena_init(&subject.arena, TEST_MEMORY);
	subject.checkpoint = checkpoint_make(&kept);
	bool fine = pair_print(
		&subject, "inspect, 305 exclusions / cJSON's parse", core_inspect, bare_parse);
	fine = roots_compare(&subject, &kept) && fine;
	arena_release(&subject.arena);
	arena_release(&kept);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
