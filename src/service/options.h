/* What an administrator may set: one row an option; the command line and --help read the rows. */
#pragma once

#include "checkpoint/roots.h"
#include "resolve/resolve.h"
#include "service/log.h"

#define LISTEN_MAXIMUM 16
#define ROOTS_MAXIMUM 16

struct options {
	const char *listen[LISTEN_MAXIMUM];
	size_t listen_count;
	struct root_path roots[ROOTS_MAXIMUM]; /* in the order of the command line */
	size_t root_count;
	enum target default_target;
	size_t workers; /* 0: one for each core this process may use */
	bool insecure;
	enum log_level log_level;
	/* Bytes. */
	size_t config_limit;
	size_t checkpoint_limit;
	size_t memory_limit; /* of one request */
	size_t drop_limit;   /* of a refused body that is read nevertheless */
	/* Counts. */
	size_t depth_limit;
	size_t node_limit;
	size_t checkpoint_node_limit;
	size_t connection_limit;
	/* Seconds. */
	size_t idle_timeout;
	size_t request_timeout;
	size_t drain_timeout;
};

enum options_outcome {
	OPTIONS_READY,
	OPTIONS_DONE,  /* --help or --version was answered on stdout */
	OPTIONS_WRONG, /* the reason is on stderr */
};

/* Values of `argv` stay referenced. */
enum options_outcome options_read(struct options *options, int argc, char **argv);
/* The core's limits by these options. */
struct resolve_limits options_limits(const struct options *options);
