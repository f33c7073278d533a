/*
 * Seconds of `quantconf migrate --check` over a folder of a thousand random configs, and of reading
 * the same files alone: the best of some runs.
 */
#include "runner/config_maker.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FILES 1000
#define RUNS 5

/* Makes the random part of about the size of a real config. */
static const char rest[] = "\n"
			   "datasets:\n"
			   "  - path: tatsu-lab/alpaca\n"
			   "    type: alpaca\n"
			   "    split: train\n"
			   "# training\n"
			   "output_dir: ./outputs/out\n"
			   "micro_batch_size: 2  # for each GPU\n"
			   "gradient_accumulation_steps: 4\n"
			   "num_epochs: 3\n"
			   "optimizer: adamw_torch_fused\n"
			   "lr_scheduler: cosine\n"
			   "lora_r: 32\n"
			   "lora_alpha: 16\n"
			   "lora_target_modules:\n"
			   "  - q_proj\n"
			   "  - k_proj\n"
			   "  - v_proj\n"
			   "  - o_proj\n"
			   "gradient_checkpointing: true\n"
			   "logging_steps: 1\n"
			   "flash_attention: true\n"
			   "warmup_steps: 10\n"
			   "evals_per_epoch: 4\n"
			   "saves_per_epoch: 1\n"
			   "weight_decay: 0.0\n"
			   "special_tokens:\n"
			   "  pad_token: \"<|end_of_text|>\"\n";

static double seconds(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Processor seconds of the children so far. */
static double children_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static const char *file_path(struct arena *arena, const char *folder, unsigned file)
{
	return path_join(arena, folder, arena_printf(arena, "%04u.yaml", file).data);
}

static bool files_make(struct arena *arena, const char *folder, size_t *ret_bytes)
{
	bool fine = true;
	for (unsigned file = 0; fine && file < FILES; file++) {
		struct text text = config_make(arena, file, false).text;
		bool block = !text_contains(text, "\n{") && !text_contains(text, "...") &&
			     text_ends_with(text, "\n") && !text_starts_with(text, "{");
		if (block)
			text = arena_printf(arena, "%.*s%s", TEXT_ARGUMENTS(text), rest);
		fine = file_write(file_path(arena, folder, file), text);
		*ret_bytes += text.length;
	}
	return fine;
}

static void files_remove(struct arena *arena, const char *folder)
{
	for (unsigned file = 0; file < FILES; file++)
		unlink(file_path(arena, folder, file));
	rmdir(folder);
}

static bool measure(struct arena *arena, const char *program, const char *folder)
{
	const char *command = arena_printf(
		arena, "%s migrate --check '%s' >/dev/null 2>&1; test $? -le 1", program, folder)
				      .data;
	double elapsed = 1e9, worked = 1e9;
	for (int i = 0; i < RUNS; i++) {
		double start = seconds(CLOCK_MONOTONIC), before = children_seconds();
		if (system(command) != 0)
			return false;
		double now = seconds(CLOCK_MONOTONIC) - start, work = children_seconds() - before;
		elapsed = now < elapsed ? now : elapsed;
		worked = work < worked ? work : worked;
	}
	printf("quantconf migrate --check, %d files: %.3f s, %.3f s of them computing\n", FILES,
		elapsed, worked);
	return true;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/quantconf-bench-XXXXXX";
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	size_t bytes = 0;
	bool fine = mkdtemp(folder) && files_make(&arena, folder, &bytes);
	if (fine)
		fine = measure(&arena, argc > 1 ? argv[1] : "./quantconf", folder);
	if (fine)
		printf("%zu bytes each on average\n", bytes / FILES);
	files_remove(&arena, folder);
	arena_release(&arena);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
