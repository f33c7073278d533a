/* What an administrator may set: one row an option; the command line and --help read the rows. */
#pragma once

#include "checkpoint/folders/roots.h"
#include "resolve/resolve.h"
#include "service/process/log.h"

#define LISTEN_MAXIMUM 16
#define ROOTS_MAXIMUM 16
#define CONFINE_READ_MAXIMUM 16
#define ORIGINS_MAXIMUM 32

/* Why something cannot be used, for people: one line without its end. */
struct fault {
	char message[640];
	size_t place_length; /* in a list: of its beginning, where it stands in a file; 0: in none */
};

#define FAULTS_MAXIMUM 16

/* All that keeps a configuration from being used: what stands in no file, then the file's by their places. */
struct faults {
	struct fault list[FAULTS_MAXIMUM];
	size_t count; /* those above the maximum, the last ones, are only counted */
	bool usage;   /* one of them is the command line's */
};

/* Whether the daemon confines itself; confine.h. */
enum confine_choice {
	CONFINE_AUTO, /* as far as the kernel lets it */
	CONFINE_REQUIRED,
	CONFINE_OFF,
};

/* Rows of the table of options, at most. */
#define OPTION_ROWS_MAXIMUM 64

/* Places of values, "FILE:LINE:COLUMN", are NULL for what the command line or nobody says. */
struct options {
	const char *listen[LISTEN_MAXIMUM];
	const char *listen_places[LISTEN_MAXIMUM];
	size_t listen_count;
	struct root_path roots[ROOTS_MAXIMUM]; /* in the order of the command line */
	const char *root_places[ROOTS_MAXIMUM];
	size_t root_count;
	const char *places[OPTION_ROWS_MAXIMUM]; /* of what is no list, by row */
	enum target default_target;
	size_t workers; /* 0: one for each core this process may use */
	bool insecure;
	size_t socket_mode; /* of UNIX sockets; 0: as the umask says */
	struct log_style log;
	enum confine_choice confine;
	const char *confine_read[CONFINE_READ_MAXIMUM]; /* folders that stay readable, too */
	size_t confine_read_count;
	const char *token_file;      /* NULL: none */
	const char *tls_certificate; /* NULL: none */
	const char *tls_key;
	const char *origins[ORIGINS_MAXIMUM]; /* of web pages that may read replies */
	size_t origin_count;
	const char *config_file; /* NULL: none */
	bool check;              /* only check the configuration */
	/* Bytes. */
	size_t config_limit;
	size_t checkpoint_limit;
	size_t batch_limit;
	size_t memory_limit;       /* of one request */
	size_t total_memory_limit; /* of all requests */
	size_t drop_limit;         /* of a refused body that is read nevertheless */
	/* Counts. */
	size_t depth_limit;
	size_t node_limit;
	size_t checkpoint_node_limit;
	size_t batch_item_limit;
	size_t connection_limit;
	size_t waiting_limit;
	size_t address_limit; /* connections from one address; 0: none */
	/* Seconds. */
	size_t idle_timeout;
	size_t request_timeout;
	size_t drain_timeout;
};

enum options_outcome {
	OPTIONS_READY,
	OPTIONS_DONE,  /* --help or --version was answered on stdout */
	OPTIONS_WRONG, /* `faults` tell why */
};

/*
 * Defaults, then the configuration file, then the command line; what is given there wins over the
 * file as a whole, lists too. Values of `argv` stay referenced; what comes from the file is in the
 * arena.
 */
enum options_outcome options_read(
	struct options *options, struct arena *arena, int argc, char **argv, struct faults *faults);
/* Where the value of the option of this name stands; "" for the command line. */
const char *options_place(const struct options *options, const char *name);
/*
 * The name of an option that differs and cannot change while the daemon runs, from row *index on, which is
 * moved behind it; NULL when there is none any more.
 */
const char *options_fixed_difference(
	const struct options *a, const struct options *b, size_t *index);
/* The core's limits by these options. */
struct resolve_limits options_limits(const struct options *options);

void fault_printf(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * `place` is where it stands, in a file; NULL: on the command line; "": in no place, or the message names it.
 */
void faults_add(struct faults *faults, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of what was told as a single one. */
void faults_take(struct faults *faults, const char *place, const struct fault *fault);

/* config_file.c. Sets what the file at options->config_file says, but for rows that are `given`. */
void config_file_read(
	struct options *options, struct arena *arena, const bool *given, struct faults *faults);
