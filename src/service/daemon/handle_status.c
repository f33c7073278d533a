#include "commit.h"
#include "config.h"
#include "render/json.h"
#include "resolve/registry.h"
#include "service/daemon/http.h"
#include "service/daemon/server.h"
#include "service/network/tls.h"
#include "service/options/option_rows.h"
#include "service/process/build.h"
#include "service/process/confined.h"
#include "service/requests/handlers.h"
#include "service/requests/settings.h"

static void begin(struct json *json, struct buffer *out, struct request *request)
{
	buffer_init(out, &request->arena, 512);
	json_begin(json, out);
	json_open(json, '{');
}

static void finish(struct json *json, struct request *request, unsigned status)
{
	json_close(json, '}');
	buffer_add_byte(json->out, '\n');
	request_reply(request, status, "application/json", json->out);
}

void handle_health(struct request *request)
{
	struct buffer out;
	struct json json;
	begin(&json, &out, request);
	json_key(&json, "status");
	json_string(&json, "ok");
	finish(&json, request, 200);
}

static void render_confinement(struct json *json, const struct confinement *confinement)
{
	json_key(json, "confinement");
	json_open(json, '{');
	json_key(json, "confine");
	json_string(json, confine_choices[confinement->choice]);
	json_key(json, "landlock_abi");
	json_unsigned(json, (uint64_t)confinement->landlock_abi);
	json_key(json, "seccomp");
	json_boolean(json, confinement->system_calls);
	json_key(json, "missing");
	json_text_or_null(json, text_of(confinement->missing));
	json_close(json, '}');
}

void handle_readiness(struct request *request)
{
	struct buffer out;
	struct json json;
	bool draining = atomic_load(&request->server->draining);
	const char *unreadable = server_check_roots(request->server, request->settings);
	bool readable = !unreadable;
	begin(&json, &out, request);
	json_key(&json, "status");
	json_string(&json, draining ? "draining" : readable ? "ready" : "model-root-unreadable");
	if (parameter_find(request->head.parameters, request->head.parameter_count, "verbose")) {
		json_key(&json, "checks");
		json_open(&json, '{');
		json_key(&json, "accepting");
		json_boolean(&json, !draining);
		json_key(&json, "model_roots_readable");
		json_boolean(&json, readable);
		json_key(&json, "restart_needed");
		json_boolean(&json, unreadable && confined_forbids(unreadable));
		json_close(&json, '}');
		render_confinement(&json, &request->server->confinement);
	}
	finish(&json, request, draining || !readable ? 503 : 200);
}

static void render_libraries(struct json *json)
{
	json_key(json, "libraries");
	json_open(json, '{');
	json_key(json, "libmicrohttpd");
	json_string(json, http_library_version());
	json_key(json, "gnutls");
	json_string(json, tls_library_version());
	json_key(json, "libyaml");
	json_string(json, build_libyaml);
	json_key(json, "cjson");
	json_string(json, build_cjson);
	json_key(json, "pcre2");
	json_string(json, build_pcre2);
	json_key(json, "libseccomp");
	json_text_or_null(json, text_of(build_libseccomp));
	json_close(json, '}');
}

void handle_version(struct request *request)
{
	struct buffer out;
	struct json json;
	begin(&json, &out, request);
	json_key(&json, "version");
	json_string(&json, PACKAGE_VERSION);
	json_key(&json, "commit");
	json_text_or_null(&json, text_of(QUANTCONF_COMMIT));
	json_key(&json, "build");
	json_open(&json, '{');
	json_key(&json, "compiler");
	json_string(&json, __VERSION__);
	json_key(&json, "flags");
	json_string(&json, build_flags);
	json_close(&json, '}');
	render_libraries(&json);
	json_key(&json, "rules_digest");
	json_text(&json,
		arena_printf(&request->arena, "%016llx", (unsigned long long)registry_digest()));
	finish(&json, request, 200);
}
