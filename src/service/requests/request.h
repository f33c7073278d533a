/*
 * One request from its head to its reply. http.c fills in what the client sent and sends what comes
 * out; nothing here knows the HTTP library.
 *
 *   request_begin    the head is known: finds the route, checks what can be checked before the body
 *   request_receive  a piece of the body
 *   request_work     all is there: runs the route's handler; `reply` is complete afterwards, or it begins
 *                    and this is called again for each further part of it
 */
#pragma once

#include "service/process/log.h"
#include "service/requests/backlog.h"
#include "service/requests/parameters.h"

struct connection;
struct metrics;
struct route;
struct server;
struct settings;

enum verb {
	VERB_OTHER,
	VERB_GET,
	VERB_HEAD,
	VERB_POST,
	VERB_OPTIONS,
};

/* What the client sent before the body. Views, valid as long as the request; "" for absent fields.
 */
struct head {
	struct text method_name;
	enum verb verb;
	struct text path; /* decoded */
	struct text host;
	struct text authorization;
	struct text accept; /* all lines of it, with commas between */
	struct text content_type;
	struct text content_encoding;
	struct text content_length;
	struct text transfer_encoding;
	struct text if_none_match;
	struct text request_id;
	struct text origin;
	struct text requested_method; /* of a question beforehand: cors.h */
	struct text expect;
	struct text repeated;  /* a field that came twice although it must not */
	struct text malformed; /* the name of a field that is none */
	bool is_torn;          /* its target holds a NUL */
	bool is_current;       /* HTTP/1.1, not 1.0 */
	struct parameter *parameters;
	size_t parameter_count;
};

/* How a body is to be read. */
enum body_form {
	FORM_NONE,
	FORM_YAML,
	FORM_UNSAID, /* no type, or one that tools send unasked: YAML, but for what begins as an envelope */
	FORM_MULTIPART,
	FORM_JSON,
	FORM_CHECKPOINT,
	FORM_STREAM,       /* these are batches: YAML documents … */
	FORM_LINES,        /* … NDJSON … */
	FORM_ARRAY,        /* … a JSON array … */
	FORM_UNSAID_BATCH, /* … or any of them, as it begins */
};

struct request;

/* A body that began and cannot go on: the connection is cut, so that nobody takes this for its end. */
#define STREAM_TORN SIZE_MAX

struct reply {
	unsigned status;
	const char *content_type; /* NULL: no body */
	struct text body;         /* in the request's arena, or static */
	/*
	 * Of a body of unknown length, the next bytes of the part that was made; 0 at its end, STREAM_TORN when
	 * there was no memory. NULL: there is `body`.
	 */
	size_t (*stream)(struct request *request, char *out, size_t room);
	bool (*is_short)(
		const struct request *request); /* `make` has to make the next part first */
	size_t (*next_size)(const struct request *request); /* what it will be made of, bytes */
	void (*make)(struct request *request);
	size_t streamed;         /* bytes of it so far */
	struct text allow;       /* Allow, "" for none */
	const char *retry_after; /* seconds, in digits; NULL: none */
	bool cacheable;          /* may be kept and asked for again by its ETag */
	char etag[24];           /* "" for none */
};

enum phase {
	PHASE_RECEIVE, /* from the head to the last byte of the body */
	PHASE_WAIT,    /* for a thread that takes such requests */
	PHASE_UNPACK,  /* envelope or multipart */
	PHASE_RESOLVE,
	PHASE_RENDER,
	PHASE_COUNT,
};

struct request {
	struct arena arena;
	struct request *next; /* in its worker's pool */
	struct server *server;
	struct settings *settings; /* those it began with */
	struct metrics *metrics;   /* of its worker; NULL counts nothing */
	struct connection *connection;
	struct head head;
	uint64_t random; /* to make an id of */
	char id[129];
	const struct route *route; /* NULL when there is none */
	struct text variable;      /* what stands for {…} in the route's path */
	enum body_form form;
	int offer; /* index into the route's media types */
	size_t body_limit;
	struct buffer body;
	size_t received;    /* bytes of body, dropped ones included */
	bool unframed;      /* nobody can tell where the body ends: it is not read */
	const char *origin; /* of the web page that asks, when it is a known one; else NULL */
	bool preflight;     /* asks only whether it may ask */
	struct refusal refusal;
	struct reply reply;
	char plain[PROBLEM_WRITE_ROOM]; /* the reply's body, when there is no memory */
	char timing[48];                /* … and Server-Timing */
	struct batch *batch;            /* handle_batch.c: what it has to go on with; else NULL */
	struct arena item_arena;        /* its item's; holds nothing for other routes */
	struct job job;
	bool away;     /* somebody else has it: its worker leaves it alone */
	bool waited;   /* has been away */
	bool may_read; /* there is time to read models */
	uint32_t cold; /* a number of the model that has to be read first; 0: none */
	bool answered;
	uint64_t began;
	uint64_t moved;               /* when something of it came last */
	uint64_t phase_began;         /* of a reply that is ready, or has begun: since when it is */
	uint64_t phases[PHASE_COUNT]; /* microseconds */
	size_t errors, warnings;
};

/* A request has an arena of its own, which `request_reset` empties for the next one. */
struct request *request_new(size_t memory_limit);
void request_reset(struct request *request);
void request_free(struct request *request);

void request_begin(struct request *request);
/* True when it is refused and the client can be told without reading the body. */
bool request_answers_early(const struct request *request);
/* False when more of a refused body came than is read for politeness. */
bool request_receive(struct request *request, const char *data, size_t length);
/*
 * Whether the reply has come so far that something can be sent. Not, when a model would have to be read first:
 * then `cold` says which, and it is to be called again with `may_read`.
 */
bool request_work(struct request *request);
/* It is put aside until somebody has the time to work at it. */
void request_wait(struct request *request);
/* Bytes that the next work goes through, mostly. */
size_t request_work_size(const struct request *request);

/* Tells the client past the library, and ends the connection: there can be no other reply. */
void request_cut(struct request *request, enum problem problem);

/* Keeps the first refusal. */
void request_refuse(struct request *request, enum problem problem, struct text detail);
/* Why an arena of the request has failed: what it brought is too much, or there is none for it. */
enum problem request_shortage(const struct request *request, const struct arena *arena);
/* Ends a phase; the next one begins. */
void request_phase(struct request *request, enum phase phase);
/* The reply to a handler that has rendered its body. */
void request_reply(
	struct request *request, unsigned status, const char *content_type, struct buffer *body);
/* Bytes of the reply's body that go out: HEAD and 304 only tell of one. */
size_t request_sent(const struct request *request);
/* How grave its line in the log is: what a request is refused for want of room is nobody's mistake. */
enum log_level request_log_level(const struct request *request);
/* `ended` tells how, when it was not by its reply; NULL otherwise. */
void request_log(const struct request *request, struct log_line *line, const char *ended);
