/*
 * What looking at a checkpoint costs: inspecting one with 305 exclusions beside cJSON's bare parse of the
 * same bytes, and a resolve whose model a root has beside one that looks at none.
 */
#include "checkpoint/roots.h"
#include "runner/support.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXCLUSIONS 305
#define ROUNDS 7
#define ROUND_SECONDS 0.05

struct subject {
	struct arena arena;
	struct text checkpoint;
	struct roots *roots;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool bare_parse(struct subject *subject)
{
	cJSON *value = cJSON_ParseWithLength(subject->checkpoint.data, subject->checkpoint.length);
	cJSON_Delete(value);
	return value;
}

static bool core_inspect(struct subject *subject)
{
	bool fine = inspect(&subject->arena, subject->checkpoint, &resolve_limits_default);
	arena_reset(&subject->arena);
	return fine;
}

static bool config_resolve(struct subject *subject, enum checkpoint_choice choice)
{
	struct resolve_request request = {
		.config =
			TEXT("base_model: org/model\nadapter: lora\n"
			     "lora_r: 16\nlora_alpha: 32\nlora_target_modules: [q_proj, v_proj]\n"),
		.checkpoint = choice,
		.roots = subject->roots,
	};
	const struct resolution *resolution = resolve(&subject->arena, &request);
	bool fine = resolution && !resolution->checkpoint == (choice == CHECKPOINT_NO);
	arena_reset(&subject->arena);
	return fine;
}

static bool resolve_alone(struct subject *subject)
{
	return config_resolve(subject, CHECKPOINT_NO);
}

static bool resolve_with_model(struct subject *subject)
{
	return config_resolve(subject, CHECKPOINT_LOOK_UP);
}

/* Seconds a call, the best of several rounds; negative when a call failed. */
static double measure(bool (*call)(struct subject *), struct subject *subject)
{
	double best = -1;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned long calls = 0;
		double start = now(), spent = 0;
		for (; spent < ROUND_SECONDS; spent = now() - start, calls++)
			if (!call(subject))
				return -1;
		if (best < 0 || spent / (double)calls < best)
			best = spent / (double)calls;
	}
	return best;
}

static bool pair_print(struct subject *subject, const char *label, bool (*ours)(struct subject *),
	bool (*other)(struct subject *))
{
	double mine = measure(ours, subject), theirs = measure(other, subject);
	printf("%-44s %10.1f us %10.1f us %8.2f\n", label, mine * 1e6, theirs * 1e6, mine / theirs);
	return mine > 0 && theirs > 0;
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

static bool roots_compare(struct subject *subject, const char *folder)
{
	const char *org = path_join(&subject->arena, folder, "org");
	const char *model = path_join(&subject->arena, org, "model");
	const char *file = path_join(&subject->arena, model, "config.json");
	bool fine = mkdir(org, 0700) == 0 && mkdir(model, 0700) == 0 &&
		    file_write(file, subject->checkpoint);
	struct root_path path = { .path = folder };
	subject->roots = fine ? roots_new(&path, 1, &roots_limits_default) : NULL;
	char names[3][4096];
	snprintf(names[0], sizeof(names[0]), "%s", file);
	snprintf(names[1], sizeof(names[1]), "%s", model);
	snprintf(names[2], sizeof(names[2]), "%s", org);
	fine = subject->roots && pair_print(subject, "resolve, model in the cache / no checkpoint",
					 resolve_with_model, resolve_alone);
	roots_free(subject->roots);
	unlink(names[0]);
	rmdir(names[1]);
	rmdir(names[2]);
	return fine;
}

int main(void)
{
	char folder[] = "/tmp/quantconf-bench-XXXXXX";
	struct subject subject = { .roots = NULL };
	struct arena kept;
	arena_init(&kept, TEST_MEMORY);
	arena_init(&subject.arena, TEST_MEMORY);
	subject.checkpoint = checkpoint_make(&kept);
	bool fine = pair_print(
		&subject, "inspect, 305 exclusions / cJSON's parse", core_inspect, bare_parse);
	if (mkdtemp(folder)) {
		fine &= roots_compare(&subject, folder);
		rmdir(folder);
	}
	arena_release(&subject.arena);
	arena_release(&kept);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
