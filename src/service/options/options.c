#include "service/options/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "service/options/option_rows.h"
#include "service/process/build.h"
#include "service/process/system_calls.h"

void fault_printf(struct fault *fault, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof(fault->message), format, arguments);
	va_end(arguments);
}

void faults_add(struct faults *faults, const char *place, const char *format, ...)
{
	struct fault fault;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault.message, sizeof(fault.message), format, arguments);
	va_end(arguments);
	faults_take(faults, place, &fault);
	faults->usage = faults->usage || !place;
}

/* There is one file at most, so places differ in their numbers alone. */
static bool stands_before(const struct fault *a, const struct fault *b)
{
	bool same = a->place_length == b->place_length &&
		    memcmp(a->message, b->message, a->place_length) == 0;
	if (same || a->place_length == 0 || b->place_length == 0)
		return !same && a->place_length == 0;
	return strverscmp(a->message, b->message) < 0;
}

void faults_take(struct faults *faults, const char *place, const struct fault *fault)
{
	struct fault placed = *fault, *list = faults->list;
	size_t kept = faults->count < FAULTS_MAXIMUM ? faults->count : FAULTS_MAXIMUM;
	size_t index = kept;
	if (place && place[0] != '\0')
		fault_printf(&placed, "%.200s: %s", place, fault->message);
	placed.place_length = place ? strnlen(place, 200) : 0;
	while (index > 0 && stands_before(&placed, &list[index - 1]))
		index--;
	faults->count++;
	if (index == FAULTS_MAXIMUM)
		return;
	if (kept == FAULTS_MAXIMUM)
		kept--;
	memmove(&list[index + 1], &list[index], (kept - index) * sizeof(*list));
	list[index] = placed;
}

const char *options_place(const struct options *options, const char *name)
{
	const struct option_row *row = option_find(text_of(name));
	const char *place = row ? options->places[row - option_rows] : NULL;
	return place ? place : "";
}

bool option_is_list(const struct option_row *row)
{
	return row->kind == OPTION_LISTEN || row->kind == OPTION_MODEL_ROOT ||
	       row->kind == OPTION_HF_CACHE || row->kind == OPTION_CONFINE_READ ||
	       row->kind == OPTION_ORIGIN;
}

const struct option_row *option_find(struct text name)
{
	const struct option_row *row = option_rows;
	while (row->name && !text_is(name, row->name))
		row++;
	return row->name ? row : NULL;
}

static void show_help(void)
{
	printf("Usage: quantconfd [OPTION]...\n"
	       "Resolves the base quantization of Axolotl configs over HTTP.\n\n");
	for (const struct option_row *row = option_rows; row->name; row++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument ? "=" : "",
			row->argument ? row->argument : "");
		printf("  %-34s %s", left, row->help);
		if (row->fallback)
			printf(" (default %s)", row->fallback);
		printf("\n");
	}
}

static void show_version(void)
{
	const char *missing = system_calls_unavailable();
	printf("quantconfd %s\nconfinement: landlock%s%s\n", PACKAGE_VERSION,
		missing ? "; no seccomp: " : ", seccomp with libseccomp ",
		missing ? missing : build_libseccomp);
}

static void set_defaults(struct options *options)
{
	struct faults ignored = { 0 };
	*options = (struct options){ 0 };
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->fallback && row->kind != OPTION_LISTEN)
			option_set(options, row, row->fallback, NULL, &ignored);
}

/* What stands in one place of the command line. */
struct given {
	const struct option_row *row;
	const char *value; /* NULL where the option takes none */
};

/* Reads one option and, where it stands apart, its value; moves *index over both. */
static bool read_word(
	struct given *ret_given, int argc, char **argv, int *index, struct faults *faults)
{
	const char *word = argv[(*index)++];
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value++ - word) : strlen(word);
	const struct option_row *row = NULL;
	if (strncmp(word, "--", 2) == 0)
		row = option_find((struct text){ .data = word + 2, .length = length - 2 });
	if (!row) {
		faults_add(faults, NULL, "%s is no option; quantconfd --help lists them", word);
		return false;
	}
	if (row->argument && !value && *index < argc)
		value = argv[(*index)++];
	if (!row->argument != !value) {
		faults_add(faults, NULL, "--%s takes %s", row->name,
			row->argument ? "a value" : "no value; leave out what follows the '='");
		return false;
	}
	*ret_given = (struct given){ .row = row, .value = value };
	return true;
}

/* The whole command line into `options`; `given` notes the rows that it has. */
static enum options_outcome read_words(
	struct options *options, bool *given, int argc, char **argv, struct faults *faults)
{
	size_t before = faults->count;
	for (int index = 1; index < argc;) {
		struct given word;
		/* What follows one that is none may be its value. */
		if (!read_word(&word, argc, argv, &index, faults))
			return OPTIONS_WRONG;
		if (word.row->kind == OPTION_HELP)
			return show_help(), OPTIONS_DONE;
		if (word.row->kind == OPTION_VERSION)
			return show_version(), OPTIONS_DONE;
		given[word.row - option_rows] = true;
		option_set(options, word.row, word.value ? word.value : "true", NULL, faults);
	}
	return faults->count == before ? OPTIONS_READY : OPTIONS_WRONG;
}

enum options_outcome options_read(
	struct options *options, struct arena *arena, int argc, char **argv, struct faults *faults)
{
	bool given[OPTION_ROWS_MAXIMUM] = { false };
	struct faults told = { 0 };
	struct options first;
	set_defaults(&first);
	enum options_outcome outcome = read_words(&first, given, argc, argv, faults);
	for (int i = 1; i < argc; i++)
		first.check = first.check || strcmp(argv[i], "--check-config") == 0;
	options->check = first.check;
	if (outcome == OPTIONS_DONE)
		return outcome;
	set_defaults(options);
	options->config_file = first.config_file;
	if (first.config_file)
		config_file_read(options, arena, given, faults);
	read_words(options, given, argc, argv, &told);
	options->check = first.check;
	if (options->listen_count == 0)
		options->listen[options->listen_count++] = option_rows[0].fallback;
	return faults->count == 0 ? OPTIONS_READY : OPTIONS_WRONG;
}

static bool lists_differ(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	bool differ = a_count != b_count;
	for (size_t i = 0; i < a_count && !differ; i++)
		differ = strcmp(a[i], b[i]) != 0;
	return differ;
}

static size_t slot_size(const struct option_row *row)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_CHOICE:
		return sizeof(unsigned);
	default:
		return sizeof(size_t);
	}
}

static bool row_differs(
	const struct option_row *row, const struct options *a, const struct options *b)
{
	switch (row->kind) {
	case OPTION_LISTEN:
		return lists_differ(a->listen, a->listen_count, b->listen, b->listen_count);
	case OPTION_CONFINE_READ:
		return lists_differ(a->confine_read, a->confine_read_count, b->confine_read,
			b->confine_read_count);
	default:
		return memcmp((const char *)a + row->slot, (const char *)b + row->slot,
			       slot_size(row)) != 0;
	}
}

const char *options_fixed_difference(
	const struct options *a, const struct options *b, size_t *index)
{
	while (option_rows[*index].name) {
		const struct option_row *row = &option_rows[(*index)++];
		if (row->fixed && row_differs(row, a, b))
			return row->name;
	}
	return NULL;
}

struct resolve_limits options_limits(const struct options *options)
{
	return (struct resolve_limits){
		.config_bytes = options->config_limit,
		.checkpoint_bytes = options->checkpoint_limit,
		.config = {
			.depth = (uint32_t)options->depth_limit,
			.nodes = (uint32_t)options->node_limit,
		},
		.checkpoint = {
			.depth = (uint32_t)options->depth_limit,
			.nodes = (uint32_t)options->checkpoint_node_limit,
		},
	};
}
