#include "service/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "service/build.h"
#include "service/cors.h"
#include "service/option_rows.h"
#include "service/system_calls.h"

#define MIB ((size_t)1024 * 1024)
#define GIVEN_MAXIMUM 64

void fault_printf(struct fault *fault, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof(fault->message), format, arguments);
	va_end(arguments);
}

/* Digits, then a unit where the kind has units. False when it is no such number, or too large. */
static bool read_number(const char *value, bool units, size_t *ret_number)
{
	static const struct {
		const char *name;
		size_t factor;
	} factors[] = { { "", 1 }, { "B", 1 }, { "K", 1024 }, { "KiB", 1024 }, { "M", MIB },
		{ "MiB", MIB }, { "G", 1024 * MIB }, { "GiB", 1024 * MIB } };
	size_t number = 0, digits = strspn(value, "0123456789");
	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(number, (size_t)10, &number) ||
			__builtin_add_overflow(number, (size_t)(value[i] - '0'), &number))
			return false;
	const char *unit = value + digits + strspn(value + digits, " ");
	size_t known = units ? sizeof(factors) / sizeof(factors[0]) : 1;
	for (size_t i = 0; i < known && digits > 0; i++)
		if (strcmp(unit, factors[i].name) == 0)
			return !__builtin_mul_overflow(number, factors[i].factor, ret_number);
	return false;
}

/* One value on its way to its slot. */
struct setting {
	struct options *options;
	const struct option_row *row;
	const char *value;
	const char *where;
	struct fault *fault;
};

static bool wrong(const struct setting *setting, const char *expected)
{
	const char *fallback = setting->row->fallback;
	fault_printf(setting->fault, "%s is not usable: it takes %s%s%s%s", setting->where,
		expected, fallback ? " (default " : "", fallback ? fallback : "",
		fallback ? ")" : "");
	return false;
}

static void *slot_of(const struct setting *setting)
{
	return (char *)setting->options + setting->row->slot;
}

static bool set_number(const struct setting *setting)
{
	const struct option_row *row = setting->row;
	size_t number;
	bool bytes = row->kind == OPTION_BYTES;
	char expected[128];
	snprintf(expected, sizeof(expected), "%s from %zu to %zu%s",
		row->kind == OPTION_SECONDS ? "seconds" : "a number", row->minimum, row->maximum,
		bytes ? ", with K, M or G if wanted" : "");
	if (!read_number(setting->value, bytes, &number) || number < row->minimum ||
		number > row->maximum)
		return wrong(setting, expected);
	*(size_t *)slot_of(setting) = number;
	return true;
}

static bool set_choice(const struct setting *setting)
{
	char expected[128] = "";
	const char *const *choices = setting->row->choices;
	for (size_t i = 0, used = 0; choices[i]; i++) {
		if (strcmp(setting->value, choices[i]) == 0) {
			*(unsigned *)slot_of(setting) = (unsigned)i;
			return true;
		}
		const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
		int more = snprintf(
			expected + used, sizeof(expected) - used, "%s%s", before, choices[i]);
		used += more > 0 && (size_t)more < sizeof(expected) - used ? (size_t)more : 0;
	}
	return wrong(setting, expected);
}

static bool add_root(const struct setting *setting, enum root_kind kind)
{
	struct options *options = setting->options;
	if (setting->value[0] == '\0')
		return wrong(setting, "a folder");
	if (options->root_count == ROOTS_MAXIMUM)
		return wrong(setting, "at most 16 folders, together with those of the other kind");
	options->roots[options->root_count++] =
		(struct root_path){ .kind = kind, .path = setting->value };
	return true;
}

static bool set_listen(const struct setting *setting)
{
	struct options *options = setting->options;
	if (options->listen_count == LISTEN_MAXIMUM)
		return wrong(setting, "at most 16 addresses");
	options->listen[options->listen_count++] = setting->value;
	return true;
}

static bool add_confine_read(const struct setting *setting)
{
	struct options *options = setting->options;
	if (setting->value[0] == '\0')
		return wrong(setting, "a folder");
	if (options->confine_read_count == CONFINE_READ_MAXIMUM)
		return wrong(setting, "at most 16 folders");
	options->confine_read[options->confine_read_count++] = setting->value;
	return true;
}

static bool add_origin(const struct setting *setting)
{
	struct options *options = setting->options;
	const char *fault = cors_fault(setting->value);
	if (fault)
		return wrong(setting, fault);
	if (options->origin_count == ORIGINS_MAXIMUM)
		return wrong(setting, "at most 32 origins");
	options->origins[options->origin_count++] = setting->value;
	return true;
}

static bool set_text(const struct setting *setting)
{
	if (setting->value[0] == '\0')
		return wrong(setting, "the path of a file");
	*(const char **)slot_of(setting) = setting->value;
	return true;
}

static bool set_flag(const struct setting *setting)
{
	bool on = strcmp(setting->value, "true") == 0;
	if (!on && strcmp(setting->value, "false") != 0)
		return wrong(setting, "true or false");
	*(bool *)slot_of(setting) = on;
	return true;
}

bool option_set(struct options *options, const struct option_row *row, const char *value,
	const char *where, struct fault *ret_fault)
{
	const struct setting setting = { options, row, value, where, ret_fault };
	switch (row->kind) {
	case OPTION_FLAG:
	case OPTION_CHECK:
		return set_flag(&setting);
	case OPTION_LISTEN:
		return set_listen(&setting);
	case OPTION_MODEL_ROOT:
		return add_root(&setting, ROOT_MODELS);
	case OPTION_HF_CACHE:
		return add_root(&setting, ROOT_HF_CACHE);
	case OPTION_CONFINE_READ:
		return add_confine_read(&setting);
	case OPTION_ORIGIN:
		return add_origin(&setting);
	case OPTION_CHOICE:
		return set_choice(&setting);
	case OPTION_TEXT:
	case OPTION_CONFIG:
		return set_text(&setting);
	default:
		return set_number(&setting);
	}
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
	struct fault ignored;
	*options = (struct options){ 0 };
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->fallback && row->kind != OPTION_LISTEN)
			option_set(options, row, row->fallback, row->name, &ignored);
}

/* What stands in one place of the command line. */
struct given {
	const struct option_row *row;
	const char *value; /* NULL where the option takes none */
};

/* Reads one option and, where it stands apart, its value; moves *index over both. */
static bool read_word(
	struct given *ret_given, int argc, char **argv, int *index, struct fault *ret_fault)
{
	const char *word = argv[(*index)++];
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value++ - word) : strlen(word);
	const struct option_row *row = NULL;
	if (strncmp(word, "--", 2) == 0)
		row = option_find((struct text){ .data = word + 2, .length = length - 2 });
	if (!row) {
		fault_printf(ret_fault, "%s is no option; quantconfd --help lists them", word);
		return false;
	}
	if (row->argument && !value && *index < argc)
		value = argv[(*index)++];
	if (!row->argument != !value) {
		fault_printf(ret_fault, "--%s takes %s", row->name,
			row->argument ? "a value" : "no value; leave out what follows the '='");
		return false;
	}
	*ret_given = (struct given){ .row = row, .value = value };
	return true;
}

/* The whole command line into `options`; `given` notes the rows that it has. */
static enum options_outcome read_words(
	struct options *options, bool *given, int argc, char **argv, struct fault *ret_fault)
{
	for (int index = 1; index < argc;) {
		struct given word;
		char where[256];
		if (!read_word(&word, argc, argv, &index, ret_fault))
			return OPTIONS_WRONG;
		if (word.row->kind == OPTION_HELP)
			return show_help(), OPTIONS_DONE;
		if (word.row->kind == OPTION_VERSION)
			return show_version(), OPTIONS_DONE;
		given[word.row - option_rows] = true;
		snprintf(where, sizeof(where), "--%s=%s", word.row->name,
			word.value ? word.value : "");
		if (!option_set(
			    options, word.row, word.value ? word.value : "true", where, ret_fault))
			return OPTIONS_WRONG;
	}
	return OPTIONS_READY;
}

enum options_outcome options_read(struct options *options, struct arena *arena, int argc,
	char **argv, struct fault *ret_fault)
{
	bool given[GIVEN_MAXIMUM] = { false };
	struct options first;
	set_defaults(&first);
	enum options_outcome outcome = read_words(&first, given, argc, argv, ret_fault);
	for (int i = 1; i < argc; i++)
		first.check = first.check || strcmp(argv[i], "--check-config") == 0;
	options->check = first.check;
	if (outcome != OPTIONS_READY)
		return outcome;
	set_defaults(options);
	options->config_file = first.config_file;
	if (first.config_file && !config_file_read(options, arena, given, ret_fault)) {
		options->check = first.check;
		return OPTIONS_WRONG;
	}
	outcome = read_words(options, given, argc, argv, ret_fault);
	if (options->listen_count == 0)
		options->listen[options->listen_count++] = option_rows[0].fallback;
	return outcome;
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
