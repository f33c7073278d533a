/*
 * Writes quantconf-dialects(7) from the tables and, where it tells what becomes of a spelling, from the resolver itself:
 * `make manual` keeps it in man/.
 */
#include <stdio.h>

#include "resolve/backends.h"
#include "resolve/facts.h"
#include "resolve/resolve.h"
#include "roff.h"

#define MEMORY_MAXIMUM ((size_t)16 * 1024 * 1024)

/* What a reader is told of each dialect; its example is resolved below. */
static const struct page_row {
	enum dialect dialect;
	const char *summary;
	const char *example;
} rows[] = {
	{
		.dialect = DIALECT_NESTED,
		.summary =
			"The canonical form: the name of the block is the backend, and its members are the backend's own.",
		.example = "adapter: lora\n"
			   "model_quantization_config:\n"
			   "  bnb:\n"
			   "    weight_dtype: nf4\n",
	},
	{
		.dialect = DIALECT_FLAT,
		.summary = "The same in one block, with the backend as a member.",
		.example = "adapter: lora\n"
			   "model_quantization_config:\n"
			   "  backend: torchao\n"
			   "  weight_dtype: int4\n"
			   "  group_size: 64\n",
	},
	{
		.dialect = DIALECT_CLASS_NAME,
		.summary =
			"The name of transformers' class as a string, and its arguments beside it.",
		.example = "adapter: lora\n"
			   "model_quantization_config: FineGrainedFP8Config\n"
			   "model_quantization_config_kwargs: {}\n",
	},
	{
		.dialect = DIALECT_PEFT_BLOCK,
		.summary = "Under `peft`, where only settings of LoftQ have remained.",
		.example = "adapter: lora\n"
			   "peft:\n"
			   "  backend: torchao\n"
			   "  weight_dtype: int8\n",
	},
	{
		.dialect = DIALECT_FLAGS,
		.summary =
			"Switches of the bitsandbytes days: `adapter: qlora` and `load_in_4bit: true` are NF4, `load_in_8bit: true` "
			"with `adapter: lora` is int8. `nf4_backend` tells who makes the NF4.",
		.example = "# as most configs spell it\n"
			   "adapter: qlora\n"
			   "load_in_4bit: true\n",
	},
};

static const char *const target_summaries[TARGET_COUNT] = {
	[TARGET_CANONICAL] = "The nested dialect.",
	[TARGET_FLAT] = "The flat dialect.",
	[TARGET_RELEASED] =
		"What Axolotl 0.18 to 0.20 reads: flags and class names. What cannot be said there is an error.",
};

static const struct resolution *resolve_example(
	struct arena *arena, const char *config, enum target target)
{
	const struct resolve_request request = {
		.config = text_of(config),
		.target = target,
		.checkpoint = CHECKPOINT_NO,
		.include_migrated = true,
	};
	return resolve(arena, &request);
}

static bool put_migrated(struct arena *arena, const struct resolution *resolution)
{
	if (!resolution->migrated.data)
		return false;
	puts(".PP\nIn the canonical form:");
	roff_example(arena_copy(arena, resolution->migrated).data);
	return true;
}

static void put_remarks(const struct resolution *resolution)
{
	const char *begin = ".PP\nRemarked on by\n";
	for (size_t i = 0; i < resolution->finding_count; i++) {
		fputs(begin, stdout);
		begin = ",\n";
		fputs(".B ", stdout);
		roff_words(resolution->findings[i]->rule->id, false);
	}
	if (resolution->finding_count > 0)
		puts("");
}

static bool put_dialect(const struct page_row *row)
{
	struct arena arena;
	arena_init(&arena, MEMORY_MAXIMUM);
	const struct resolution *resolution =
		resolve_example(&arena, row->example, TARGET_CANONICAL);
	bool known = resolution && resolution->dialect_count == 1 &&
		     text_is(text_of(resolution->dialects[0]), dialect_name(row->dialect));
	fputs(".SS ", stdout);
	roff_text(dialect_name(row->dialect));
	roff_text(row->summary);
	roff_example(row->example);
	if (known && row->dialect != DIALECT_NESTED)
		known = put_migrated(&arena, resolution);
	if (known)
		put_remarks(resolution);
	arena_release(&arena);
	return known;
}

static void put_choice(const struct installed_row *row)
{
	fputs(".TP\n", stdout);
	if (row->dtype != DTYPE_NONE)
		printf("\\fBweight_dtype: %s\\fR\n", dtype_names[row->dtype]);
	else
		puts("no weight_dtype");
	roff_words(row->installed, false);
	printf(", %s bits", row->bits);
	if (row->group_size)
		printf(", groups of %s", row->group_size);
	fputs(row->group_size_argument ? " unless " : "", stdout);
	fputs(row->group_size_argument ? "group_size says otherwise" : "", stdout);
	if (row->adapter)
		printf("; the adapter becomes %s", row->adapter);
	puts(".");
}

static void put_backend(enum backend backend)
{
	const struct backend_row *row = &backends[backend];
	fputs(".SS ", stdout);
	roff_text(row->name);
	roff_text(row->summary);
	puts(".PP\nMembers:");
	if (row->takes_dtype)
		puts(row->takes_group_size ? ".B weight_dtype\n(needed),\n.BR group_size ."
					   : ".B weight_dtype\n(needed).");
	if (row->takes_config_kwargs)
		puts(".BR config_kwargs .");
	for (size_t i = 0; i < installed_row_count; i++)
		if (installed_rows[i].backend == backend)
			put_choice(&installed_rows[i]);
}

static void put_key(const struct key_row *row)
{
	fputs(".TP\n\\fB", stdout);
	if (row->parent != KEY_NONE) {
		roff_words(keys[row->parent].name, false);
		putchar('.');
	}
	roff_words(row->name, false);
	fputs("\\fR: ", stdout);
	roff_words(row->expects, false);
	putchar('\n');
	roff_text(row->summary);
}

static const char head[] =
	".\\\" Made by man/dialects_page from the tables: change those.\n"
	".TH QUANTCONF\\-DIALECTS 7 2026-11-25 \"quantconf\" \"quantconf\"\n"
	".SH NAME\n"
	"quantconf\\-dialects \\- how a config asks for quantized base weights, and what that installs\n"
	".SH DESCRIPTION\n"
	"A config can ask for the quantization of its base weights in several dialects.\n"
	"All of them are read, in any mix that does not contradict itself, and each is translated to one.\n"
	"Rules named here are told in\n.BR quantconf\\-rules (7).\n"
	".SH DIALECTS\n";
static const char foot[] =
	".SH SEE ALSO\n.BR quantconf (1),\n.BR quantconf\\-rules (7),\n.BR quantconfd (8)\n";

int main(void)
{
	bool known = true;
	fputs(head, stdout);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		known = put_dialect(&rows[i]) && known;
	puts(".SH TARGETS\nA result can be asked for in three spellings:");
	for (int i = 0; i < TARGET_COUNT; i++) {
		printf(".TP\n.B %s\n", target_name((enum target)i));
		roff_text(target_summaries[i]);
	}
	puts(".SH BACKENDS");
	for (int i = BACKEND_NONE + 1; i < BACKEND_COUNT; i++)
		put_backend((enum backend)i);
	puts(".SH KEYS\nThese keys decide; findings hang on them. What else stands in a config is kept as it is.");
	for (int i = KEY_NONE + 1; i < KEY_BASE_QUANTIZATION; i++)
		put_key(&keys[i]);
	fputs(foot, stdout);
	return known && fflush(stdout) == 0 ? 0 : 1;
}
