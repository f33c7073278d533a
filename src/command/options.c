#include "command/options.h"

#include "command/say.h"

#include <getopt.h>
#include <string.h>

const struct command_row commands[COMMAND_COUNT] = {
	[COMMAND_RESOLVE] = {
		.name = "resolve",
		.arguments = "[FILE|FOLDER|-]...",
		.summary = "Resolve configs: canonical form, what would be installed, findings.",
	},
	[COMMAND_MIGRATE] = {
		.name = "migrate",
		.arguments = "[--in-place|--diff|--check] [FILE|FOLDER|-]...",
		.summary = "Rewrite configs to the target's spelling; comments and layout stay.",
	},
	[COMMAND_INSPECT] = {
		.name = "inspect",
		.arguments = "FILE|FOLDER...",
		.summary = "Tell what a checkpoint's config.json says about its own quantization.",
	},
	[COMMAND_RULES] = {
		.name = "rules",
		.arguments = "[ID]",
		.summary = "Print the table of rules, or one rule.",
	},
	[COMMAND_SCHEMA] = {
		.name = "schema",
		.arguments = "",
		.summary = "Print the JSON Schema of the decisive keys.",
	},
};

enum option_code {
	OPTION_TARGET = 256,
	OPTION_OUTPUT,
	OPTION_CHECKPOINT,
	OPTION_MODEL_ROOT,
	OPTION_HF_CACHE,
	OPTION_REQUIRE_CHECKPOINT,
	OPTION_EXCLUSIONS,
	OPTION_STRICT,
	OPTION_QUIET,
	OPTION_IN_PLACE,
	OPTION_DIFF,
	OPTION_CHECK,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_END,
};

#define OPTION_COUNT (OPTION_END - OPTION_TARGET)
#define SHOWN_WIDTH 34

const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_TARGET - OPTION_TARGET] = {
		.name = "target",
		.letter = 't',
		.argument = "TARGET",
		.help = "spelling of the result: canonical (default), flat or released",
	},
	[OPTION_OUTPUT - OPTION_TARGET] = {
		.name = "output",
		.letter = 'o',
		.argument = "FORM",
		.help = "form of the answer: json (default), yaml, text, diff or sarif",
		.more = "A config with errors, or one that cannot be rewritten, has no yaml and no diff: "
			"standard output stays empty, standard error says why. "
			"Of several files sarif is one log; yaml takes one file alone. "
			"inspect answers with json or text.",
	},
	[OPTION_CHECKPOINT - OPTION_TARGET] = {
		.name = "checkpoint",
		.argument = "FILE|FOLDER",
		.help = "the checkpoint's config.json or its folder; none: do not look",
	},
	[OPTION_MODEL_ROOT - OPTION_TARGET] = {
		.name = "model-root",
		.argument = "FOLDER",
		.help = "look base_model up below this folder; may be repeated",
	},
	[OPTION_HF_CACHE - OPTION_TARGET] = {
		.name = "hf-cache",
		.argument = "FOLDER",
		.help = "look base_model up in this hub cache; may be repeated",
	},
	[OPTION_REQUIRE_CHECKPOINT - OPTION_TARGET] = {
		.name = "require-checkpoint",
		.help = "a checkpoint that is not found is an error",
	},
	[OPTION_EXCLUSIONS - OPTION_TARGET] = {
		.name = "exclusions",
		.help = "print the checkpoint's whole exclusion list",
	},
	[OPTION_STRICT - OPTION_TARGET] = {
		.name = "strict",
		.help = "exit status 1 on warnings, too",
		.more = "Of migrate, and of resolve in the forms yaml and diff, warnings that the new text repairs do "
			"not count; those that do go to standard error.",
	},
	[OPTION_QUIET - OPTION_TARGET] = {
		.name = "quiet",
		.letter = 'q',
		.help = "no summary of many files, no notes in text",
	},
	[OPTION_IN_PLACE - OPTION_TARGET] = {
		.name = "in-place",
		.letter = 'i',
		.help = "migrate: replace the files, atomically",
		.more = "Owner, mode, access control list and other extended attributes stay, or the file does. "
			"So does one that was changed since it was read.",
	},
	[OPTION_DIFF - OPTION_TARGET] = {
		.name = "diff",
		.help = "migrate: print a unified diff",
	},
	[OPTION_CHECK - OPTION_TARGET] = {
		.name = "check",
		.help = "migrate: change nothing, exit status 1 if a file would change",
	},
	[OPTION_HELP - OPTION_TARGET] = {
		.name = "help",
		.letter = 'h',
		.help = "print this help",
	},
	[OPTION_VERSION - OPTION_TARGET] = {
		.name = "version",
		.help = "print the version",
	},
};

const size_t option_row_count = OPTION_COUNT;

static const char *const outputs[OUTPUT_COUNT] = {
	[OUTPUT_JSON] = "json",
	[OUTPUT_YAML] = "yaml",
	[OUTPUT_TEXT] = "text",
	[OUTPUT_DIFF] = "diff",
	[OUTPUT_SARIF] = "sarif",
};

void options_print_help(FILE *out)
{
	fputs("Usage: quantconf COMMAND [OPTION]... [FILE|FOLDER|-]...\n"
	      "Resolves the base quantization of Axolotl configs, offline.\n\nCommands:\n",
		out);
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %s\n           %s\n", commands[i].name, commands[i].arguments,
			commands[i].summary);
	fputs("\nOptions:\n", out);
	for (int i = 0; i < OPTION_COUNT; i++) {
		char shown[SHOWN_WIDTH];
		char letter[8] = "    ";
		if (option_rows[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", option_rows[i].letter);
		snprintf(shown, sizeof(shown), "%s--%s%s%s", letter, option_rows[i].name,
			option_rows[i].argument ? " " : "",
			option_rows[i].argument ? option_rows[i].argument : "");
		fprintf(out, "  %-*s %s\n", SHOWN_WIDTH - 4, shown, option_rows[i].help);
	}
	fputs("\nWithout a FILE, or for -, resolve and migrate read standard input. By itself migrate prints the "
	      "new text of\none file; with --check a line for each file that would change.\n",
		out);
	fputs("\nExit status: 0 no errors, 1 errors (with --strict also warnings; with --check files "
	      "that would change),\n2 wrong usage, 3 a file cannot be read or written, a folder has no config,\nor there is not enough memory.\n",
		out);
}

static int usage(const char *what, const char *value)
{
	say("%s%s%s; see quantconf --help", what, value ? ": " : "", value ? value : "");
	return EXIT_USAGE;
}

static int set_output(struct command_options *options, const char *value)
{
	for (int i = 0; i < OUTPUT_COUNT; i++)
		if (strcmp(value, outputs[i]) == 0) {
			options->output = (enum output)i;
			options->output_given = true;
			return EXIT_OK;
		}
	return usage("--output takes json, yaml, text, diff or sarif, and was given", value);
}

static int add_root(struct command_options *options, enum root_kind kind, const char *value)
{
	if (options->root_count == ROOTS_MAXIMUM)
		return usage("too many folders of models; the last one was", value);
	options->roots[options->root_count++] = (struct root_path){ .kind = kind, .path = value };
	return EXIT_OK;
}

static int set(struct command_options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_TARGET:
		if (target_from_name(text_of(value), &options->target))
			return EXIT_OK;
		return usage("--target takes canonical, flat or released, and was given", value);
	case OPTION_OUTPUT:
		return set_output(options, value);
	case OPTION_CHECKPOINT:
		options->checkpoint = value;
		return EXIT_OK;
	case OPTION_MODEL_ROOT:
		return add_root(options, ROOT_MODELS, value);
	case OPTION_HF_CACHE:
		return add_root(options, ROOT_HF_CACHE, value);
	default:
		return EXIT_USAGE;
	}
}

static bool set_switch(struct command_options *options, int option)
{
	bool *const switches[OPTION_COUNT] = {
		[OPTION_REQUIRE_CHECKPOINT - OPTION_TARGET] = &options->require_checkpoint,
		[OPTION_EXCLUSIONS - OPTION_TARGET] = &options->include_exclusions,
		[OPTION_STRICT - OPTION_TARGET] = &options->strict,
		[OPTION_QUIET - OPTION_TARGET] = &options->quiet,
		[OPTION_IN_PLACE - OPTION_TARGET] = &options->in_place,
		[OPTION_DIFF - OPTION_TARGET] = &options->diff,
		[OPTION_CHECK - OPTION_TARGET] = &options->check,
		[OPTION_HELP - OPTION_TARGET] = &options->help,
		[OPTION_VERSION - OPTION_TARGET] = &options->version,
	};
	bool *value = option >= OPTION_TARGET && option < OPTION_END
			      ? switches[option - OPTION_TARGET]
			      : NULL;
	if (value)
		*value = true;
	return value != NULL;
}

static void make_getopt(struct option *longs, char *shorts)
{
	size_t used = 0;
	for (int i = 0; i < OPTION_COUNT; i++) {
		longs[i] = (struct option){
			.name = option_rows[i].name,
			.has_arg = option_rows[i].argument ? required_argument : no_argument,
			.val = OPTION_TARGET + i,
		};
		if (option_rows[i].letter)
			shorts[used++] = option_rows[i].letter;
		if (option_rows[i].letter && option_rows[i].argument)
			shorts[used++] = ':';
	}
	longs[OPTION_COUNT] = (struct option){ .name = NULL };
	shorts[used] = '\0';
}

static int from_letter(int option)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].letter && option_rows[i].letter == option)
			return OPTION_TARGET + i;
	return option;
}

static int find_command(struct command_options *options, const char *name)
{
	for (int i = COMMAND_NONE + 1; i < COMMAND_COUNT; i++)
		if (strcmp(name, commands[i].name) == 0) {
			options->command = (enum command)i;
			return EXIT_OK;
		}
	return usage("there is no command of that name", name);
}

/* The forms that a command answers in; migrate has switches of its own. */
static const bool forms[COMMAND_COUNT][OUTPUT_COUNT] = {
	[COMMAND_RESOLVE] = { true, true, true, true, true },
	[COMMAND_INSPECT] = { [OUTPUT_JSON] = true, [OUTPUT_TEXT] = true },
	[COMMAND_RULES] = { [OUTPUT_JSON] = true, [OUTPUT_TEXT] = true },
	[COMMAND_SCHEMA] = { [OUTPUT_JSON] = true },
};

static int check_together(const struct command_options *options)
{
	if (options->in_place + options->diff + options->check > 1)
		return usage("--in-place, --diff and --check exclude each other", NULL);
	if ((options->in_place || options->diff || options->check) &&
		options->command != COMMAND_MIGRATE)
		return usage("--in-place, --diff and --check belong to quantconf migrate", NULL);
	if (options->output_given && !forms[options->command][options->output])
		return usage("that command does not answer in the form that --output was given",
			outputs[options->output]);
	if (options->command == COMMAND_SCHEMA && options->file_count > 0)
		return usage("schema takes no file", NULL);
	if (options->command == COMMAND_INSPECT && options->file_count == 0)
		return usage("inspect needs a config.json or a folder", NULL);
	if (options->command == COMMAND_RULES && options->file_count > 1)
		return usage("rules takes one id", NULL);
	return EXIT_OK;
}

int options_parse(struct command_options *options, int count, char **arguments)
{
	*options = (struct command_options){ .target = TARGET_CANONICAL };
	struct option longs[OPTION_COUNT + 1];
	char shorts[2 * OPTION_COUNT + 1];
	make_getopt(longs, shorts);
	int option;
	while ((option = getopt_long(count, arguments, shorts, longs, NULL)) != -1) {
		option = from_letter(option);
		int status = set_switch(options, option) ? EXIT_OK : set(options, option, optarg);
		if (status != EXIT_OK)
			return status;
	}
	if (options->help || options->version)
		return EXIT_OK;
	if (optind == count)
		return usage(
			"a command is needed: resolve, migrate, inspect, rules or schema", NULL);
	int status = find_command(options, arguments[optind]);
	options->files = arguments + optind + 1;
	options->file_count = (size_t)(count - optind - 1);
	return status == EXIT_OK ? check_together(options) : status;
}
