#include "service/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

enum option_kind {
	OPTION_FLAG,
	OPTION_LISTEN,
	OPTION_MODEL_ROOT,
	OPTION_HF_CACHE,
	OPTION_TARGET,
	OPTION_LOG_LEVEL,
	OPTION_COUNT,
	OPTION_BYTES,
	OPTION_SECONDS,
	OPTION_HELP,
	OPTION_VERSION,
};

struct option_row {
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *fallback; /* the default, as one would write it; NULL: none */
	const char *help;
	enum option_kind kind;
	size_t slot; /* offset in struct options */
	size_t minimum;
	size_t maximum;
};

#define SLOT(member) offsetof(struct options, member)
#define MIB ((size_t)1024 * 1024)

static const struct option_row rows[] = {
	{
		.name = "listen",
		.argument = "ADDR:PORT|unix:PATH",
		.fallback = "127.0.0.1:8642",
		.help = "where to listen; may come several times; [v6]:PORT for IPv6, port 0 picks one",
		.kind = OPTION_LISTEN,
	},
	{
		.name = "model-root",
		.argument = "FOLDER",
		.help = "look models up below this folder, as ORG/NAME; may come several times",
		.kind = OPTION_MODEL_ROOT,
	},
	{
		.name = "hf-cache",
		.argument = "FOLDER",
		.help = "look models up in this hub cache (models--ORG--NAME); may come several times",
		.kind = OPTION_HF_CACHE,
	},
	{
		.name = "default-target",
		.argument = "TARGET",
		.fallback = "canonical",
		.help = "spelling of results when a request names none: canonical, flat or released",
		.kind = OPTION_TARGET,
		.slot = SLOT(default_target),
	},
	{
		.name = "workers",
		.argument = "N",
		.fallback = "0",
		.help = "threads that serve requests; 0 is one for each core",
		.kind = OPTION_COUNT,
		.slot = SLOT(workers),
		.maximum = 1024,
	},
	{
		.name = "insecure",
		.help = "allow listening on addresses that other machines can reach",
		.kind = OPTION_FLAG,
		.slot = SLOT(insecure),
	},
	{
		.name = "log-level",
		.argument = "LEVEL",
		.fallback = "info",
		.help = "error, warning, info (every request) or debug",
		.kind = OPTION_LOG_LEVEL,
		.slot = SLOT(log_level),
	},
	{
		.name = "limit-config",
		.argument = "BYTES",
		.fallback = "1MiB",
		.help = "largest config",
		.kind = OPTION_BYTES,
		.slot = SLOT(config_limit),
		.minimum = 1024,
		.maximum = 1024 * MIB,
	},
	{
		.name = "limit-checkpoint",
		.argument = "BYTES",
		.fallback = "16MiB",
		.help = "largest config.json of a checkpoint, and largest JSON envelope",
		.kind = OPTION_BYTES,
		.slot = SLOT(checkpoint_limit),
		.minimum = 1024,
		.maximum = 1024 * MIB,
	},
	{
		.name = "limit-depth",
		.argument = "N",
		.fallback = "64",
		.help = "collections inside each other in a config or checkpoint",
		.kind = OPTION_COUNT,
		.slot = SLOT(depth_limit),
		.minimum = 4,
		.maximum = 1024,
	},
	{
		.name = "limit-nodes",
		.argument = "N",
		.fallback = "100000",
		.help = "values in a config, aliases expanded",
		.kind = OPTION_COUNT,
		.slot = SLOT(node_limit),
		.minimum = 16,
		.maximum = 100000000,
	},
	{
		.name = "limit-checkpoint-nodes",
		.argument = "N",
		.fallback = "400000",
		.help = "values in a checkpoint's config.json",
		.kind = OPTION_COUNT,
		.slot = SLOT(checkpoint_node_limit),
		.minimum = 16,
		.maximum = 100000000,
	},
	{
		.name = "limit-memory",
		.argument = "BYTES",
		.fallback = "64MiB",
		.help = "memory for one request",
		.kind = OPTION_BYTES,
		.slot = SLOT(memory_limit),
		.minimum = MIB / 4,
		.maximum = 65536 * MIB,
	},
	{
		.name = "limit-drop",
		.argument = "BYTES",
		.fallback = "16MiB",
		.help = "how much of a refused body is read before the connection is closed",
		.kind = OPTION_BYTES,
		.slot = SLOT(drop_limit),
		.maximum = 1024 * MIB,
	},
	{
		.name = "limit-connections",
		.argument = "N",
		.fallback = "1024",
		.help = "connections at a time; more wait in the backlog",
		.kind = OPTION_COUNT,
		.slot = SLOT(connection_limit),
		.minimum = 1,
		.maximum = 1000000,
	},
	{
		.name = "idle-timeout",
		.argument = "SECONDS",
		.fallback = "15",
		.help = "for connections on which nothing moves",
		.kind = OPTION_SECONDS,
		.slot = SLOT(idle_timeout),
		.minimum = 1,
		.maximum = 86400,
	},
	{
		.name = "request-timeout",
		.argument = "SECONDS",
		.fallback = "30",
		.help = "for one request from its first byte to the last one of its reply",
		.kind = OPTION_SECONDS,
		.slot = SLOT(request_timeout),
		.minimum = 1,
		.maximum = 86400,
	},
	{
		.name = "drain-timeout",
		.argument = "SECONDS",
		.fallback = "30",
		.help = "for requests that run when the daemon is told to stop",
		.kind = OPTION_SECONDS,
		.slot = SLOT(drain_timeout),
		.maximum = 86400,
	},
	{
		.name = "help",
		.help = "show this text",
		.kind = OPTION_HELP,
	},
	{
		.name = "version",
		.help = "show the version",
		.kind = OPTION_VERSION,
	},
};

static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

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

static bool wrong(const struct option_row *row, const char *value, const char *expected)
{
	fprintf(stderr, "quantconfd: --%s=%s is not usable: it takes %s (default %s)\n", row->name,
		value, expected, row->fallback);
	return false;
}

static bool set_number(struct options *options, const struct option_row *row, const char *value)
{
	size_t number;
	bool bytes = row->kind == OPTION_BYTES;
	char expected[128];
	snprintf(expected, sizeof(expected), "%s from %zu to %zu%s",
		row->kind == OPTION_SECONDS ? "seconds" : "a number", row->minimum, row->maximum,
		bytes ? ", with K, M or G if wanted" : "");
	if (!read_number(value, bytes, &number) || number < row->minimum || number > row->maximum)
		return wrong(row, value, expected);
	*(size_t *)((char *)options + row->slot) = number;
	return true;
}

static bool add_root(struct options *options, const struct option_row *row, enum root_kind kind,
	const char *value)
{
	if (value[0] == '\0')
		return wrong(row, value, "a folder");
	if (options->root_count == ROOTS_MAXIMUM)
		return wrong(
			row, value, "at most 16 folders, together with those of the other kind");
	options->roots[options->root_count++] = (struct root_path){ .kind = kind, .path = value };
	return true;
}

static bool set_listen(struct options *options, const struct option_row *row, const char *value)
{
	if (options->listen_count == LISTEN_MAXIMUM)
		return wrong(row, value, "at most 16 addresses");
	options->listen[options->listen_count++] = value;
	return true;
}

static bool set_log_level(struct options *options, const struct option_row *row, const char *value)
{
	for (int level = 0; level < LOG_LEVEL_COUNT; level++)
		if (strcmp(value, log_level_names[level]) == 0) {
			options->log_level = (enum log_level)level;
			return true;
		}
	return wrong(row, value, "error, warning, info or debug");
}

static bool set_option(struct options *options, const struct option_row *row, const char *value)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)((char *)options + row->slot) = true;
		return true;
	case OPTION_LISTEN:
		return set_listen(options, row, value);
	case OPTION_MODEL_ROOT:
		return add_root(options, row, ROOT_MODELS, value);
	case OPTION_HF_CACHE:
		return add_root(options, row, ROOT_HF_CACHE, value);
	case OPTION_TARGET:
		return target_from_name(text_of(value), &options->default_target) ||
		       wrong(row, value, "canonical, flat or released");
	case OPTION_LOG_LEVEL:
		return set_log_level(options, row, value);
	default:
		return set_number(options, row, value);
	}
}

static void show_help(void)
{
	printf("Usage: quantconfd [OPTION]...\n"
	       "Resolves the base quantization of Axolotl configs over HTTP.\n\n");
	for (size_t i = 0; i < row_count; i++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? "=" : "",
			rows[i].argument ? rows[i].argument : "");
		printf("  %-34s %s", left, rows[i].help);
		if (rows[i].fallback)
			printf(" (default %s)", rows[i].fallback);
		printf("\n");
	}
}

static const struct option_row *find_row(struct text name)
{
	for (size_t i = 0; i < row_count; i++)
		if (text_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static void set_defaults(struct options *options)
{
	*options = (struct options){ 0 };
	for (size_t i = 0; i < row_count; i++)
		if (rows[i].fallback && rows[i].kind != OPTION_LISTEN)
			set_option(options, &rows[i], rows[i].fallback);
}

/* Takes one option and, where it stands apart, its value; moves *index over what it took. */
static enum options_outcome read_option(struct options *options, int argc, char **argv, int *index)
{
	const char *word = argv[(*index)++];
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value++ - word) : strlen(word);
	const struct option_row *row = NULL;
	if (strncmp(word, "--", 2) == 0)
		row = find_row((struct text){ .data = word + 2, .length = length - 2 });
	if (!row) {
		fprintf(stderr, "quantconfd: %s is no option; quantconfd --help lists them\n",
			word);
		return OPTIONS_WRONG;
	}
	if (row->argument && !value && *index < argc)
		value = argv[(*index)++];
	if (!row->argument != !value) {
		fprintf(stderr, "quantconfd: --%s takes %s\n", row->name,
			row->argument ? "a value" : "no value; leave out what follows the '='");
		return OPTIONS_WRONG;
	}
	if (row->kind == OPTION_HELP)
		return show_help(), OPTIONS_DONE;
	if (row->kind == OPTION_VERSION)
		return printf("quantconfd %s\n", PACKAGE_VERSION), OPTIONS_DONE;
	return set_option(options, row, value) ? OPTIONS_READY : OPTIONS_WRONG;
}

enum options_outcome options_read(struct options *options, int argc, char **argv)
{
	set_defaults(options);
	for (int index = 1; index < argc;) {
		enum options_outcome outcome = read_option(options, argc, argv, &index);
		if (outcome != OPTIONS_READY)
			return outcome;
	}
	if (options->listen_count == 0)
		options->listen[options->listen_count++] = rows[0].fallback;
	return OPTIONS_READY;
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
