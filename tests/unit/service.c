/* The parts of the service that need no connection: media types, multipart bodies, hosts, parameters. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "service/requests/host.h"
#include "service/requests/multipart.h"
#include "service/requests/negotiate.h"
#include "service/requests/parameters.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

static const struct {
	const char *accept;
	int chosen;
} accepts[] = {
	{ "", 0 },
	{ "   ", 0 },
	{ "*/*", 0 },
	{ "text/plain", 1 },
	{ "TEXT/Plain", 1 },
	{ "text/*", 1 },
	{ "text/*;q=0.5, application/json;q=0.4", 1 },
	{ "text/plain;q=0.5, application/json;q=0.50", 0 },
	{ "text/plain;q=0.501, application/json;q=0.5", 1 },
	{ "application/json;q=0, */*;q=0.1", 1 },
	{ "*/*, application/json;q=0, text/plain;q=0", -1 },
	{ "text/plain ; format=flowed ; Q=1.0 , */*;q=0.2", 1 },
	{ "application/json;version=\"a,b;q=0\"", 0 },
	{ "application/json;version=\"unfinished", 0 },
	{ "text/plain;q=0.2, application/json;q=0.3, text/plain;q=0.4", 1 },
	{ "text/plain;format=flowed;q=0, text/plain", 1 },
	{ "text/plain;q=0, text/*;q=0.5, */*;q=0.1", 0 },
	{ "text/*;q=0, */*", 0 },
	{ "*/*;q=0, text/*", 1 },
	{ "text/plain;q=0.001", 1 },
	{ "text/plain;q=0.0009, application/json;q=0", -1 },
	{ "text/plain;q=0.000", -1 },
	{ "text/plain;q=2, application/json", 0 },
	{ "text/plain;q=-1, application/json;q=0.5", 1 },
	{ "text/plain; charset=utf-8", 1 },
	{ "text/plain\t;\tq=0.5\t,\tapplication/json;q=0.1", 1 },
	{ "text/ plain", -1 },
	{ "text/plain application/json", -1 },
	{ "text/plain;q", 1 },
	{ "text/plain;q=", 1 },
	{ "/", -1 },
	{ ";q=1", -1 },
	{ "application/jso", -1 },
	{ "application/json+x", -1 },
	{ "application", -1 },
	{ "image/*", -1 },
	{ "*", -1 },
	{ ",,,", -1 },
};

START_TEST(negotiates)
{
	static const char *const types[] = { "application/json", "text/plain" };
	ck_assert_msg(negotiate(text_of(accepts[_i].accept), types, 2) == accepts[_i].chosen,
		"Accept: %s", accepts[_i].accept);
}
END_TEST

static const struct {
	const char *value;
	const char *name;
	const char *expected; /* NULL: absent or ill-formed */
} media_parameters[] = {
	{ "multipart/form-data; boundary=abc", "boundary", "abc" },
	{ "multipart/form-data;BOUNDARY=\"a b\"", "boundary", "a b" },
	{ "multipart/form-data; x=\"boundary=no\"; boundary=yes", "boundary", "yes" },
	{ "form-data; name=\"a\\\"b;c\"; filename=x", "name", "a\"b;c" },
	{ "form-data; name=\"a\\\"b;c\"; filename=x", "filename", "x" },
	{ "form-data; name=\"unfinished", "name", NULL },
	{ "form-data; name=\"a\"b", "name", NULL },
	{ "form-data; names=a", "name", NULL },
	{ "form-data; name", "name", NULL },
	{ "form-data; name=", "name", "" },
	{ "name=a", "name", NULL },
	{ "", "name", NULL },
};

START_TEST(reads_media_parameters)
{
	struct text found = media_parameter(
		&arena, text_of(media_parameters[_i].value), media_parameters[_i].name);
	if (!media_parameters[_i].expected)
		ck_assert_ptr_null(found.data);
	else
		ck_assert(found.data && text_is(found, media_parameters[_i].expected));
}
END_TEST

static struct multipart parts_of(const char *body, size_t length)
{
	struct multipart multipart;
	multipart_read(&multipart, &arena, TEXT("multipart/form-data; boundary=b"),
		(struct text){ body, length });
	return multipart;
}

/* "\r\n--bc" begins like the boundary, which senders must not do: refused rather than misread. */
static const char longer_boundary[] =
	"--b\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n"
	"a: 1\r\n--bc\r\n\r\n--b \r\n"
	"content-type: text/plain\r\n"
	"CONTENT-DISPOSITION: form-data; filename=\"f\"; name=checkpoint\r\n\r\n"
	"\r\n--b--\r\n";

START_TEST(reads_parts)
{
	const char *body =
		"--b\r\nContent-Disposition: form-data; name=config\r\n\r\na\0b\r\n--b\r\n"
		"Content-Disposition: form-data; name=\"x\"; filename=\"f\"\r\n\r\n\r\n--b--";
	const size_t before_nul = strlen(body);
	const size_t length = before_nul + 1 + strlen(body + before_nul + 1);
	struct multipart multipart = parts_of(body, length);
	ck_assert_ptr_null(multipart.fault);
	ck_assert_uint_eq(multipart.count, 2);
	ck_assert(text_is(multipart.parts[0].name, "config"));
	ck_assert_uint_eq(multipart.parts[0].contents.length, 3);
	ck_assert_mem_eq(multipart.parts[0].contents.data, "a\0b", 3);
	ck_assert_uint_eq(multipart.parts[0].filename.length, 0);
	ck_assert(text_is(multipart.parts[1].filename, "f"));
	ck_assert_uint_eq(multipart.parts[1].contents.length, 0);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	static const char body[] = "--b\r\nContent-Disposition: form-data; name=config\r\n\r\n"
				   "a: 1\r\n--b--";
	for (size_t length = 0; length < sizeof(body) - 1; length++) {
		/* A copy of just that length, so that a sanitizer sees a read past its end. */
		char *copy = malloc(length + 1);
		memcpy(copy, body, length);
		ck_assert_msg(parts_of(copy, length).fault, "%zu bytes", length);
		free(copy);
	}
	ck_assert_ptr_null(parts_of(body, sizeof(body) - 1).fault);
	ck_assert_ptr_nonnull(parts_of(longer_boundary, sizeof(longer_boundary) - 1).fault);
}
END_TEST

static const struct {
	const char *host;
	bool loopback;
} hosts[] = {
	{ "", true },
	{ "localhost", true },
	{ "LocalHost:8642", true },
	{ "localhost.", true },
	{ "a.b.localhost", true },
	{ "127.0.0.1", true },
	{ "127.255.0.9:1", true },
	{ "[::1]", true },
	{ "[::1]:8642", true },
	{ "[0:0:0:0:0:0:0:1]", true },
	{ ".localhost", false },
	{ "localhost.example", false },
	{ "notlocalhost", false },
	{ "128.0.0.1", false },
	{ "127.0.0.1.example", false },
	{ "127.1", false },
	{ "0.0.0.0", false },
	{ "[::]", false },
	{ "[::1", false },
	{ "::1", false },
	{ "[", false },
	{ "[]", false },
	{ ":", false },
	{ ".", false },
};

START_TEST(tells_local_hosts)
{
	ck_assert_msg(host_is_loopback(text_of(hosts[_i].host)) == hosts[_i].loopback, "Host: %s",
		hosts[_i].host);
}
END_TEST

static const char *const words[] = { "one", "two", NULL };
static const struct parameter_row rows[] = {
	{ "choice", PARAMETER_CHOICE, words },
	{ "list", PARAMETER_LIST, words },
	{ "text", PARAMETER_TEXT, NULL },
	{ "flag", PARAMETER_FLAG, NULL },
	{ NULL, PARAMETER_FLAG, NULL },
};

static const struct {
	const char *name;
	const char *value;
	bool sound;
} parameters[] = {
	{ "choice", "one", true },
	{ "choice", "One", false },
	{ "choice", "one,two", false },
	{ "choice", "", false },
	{ "list", "one", true },
	{ "list", "two, one", true },
	{ "list", "one,three", false },
	{ "list", "one,,two", false },
	{ "list", "", false },
	{ "text", "anything at all", true },
	{ "text", "K\xc3\xa4se", true },
	{ "text", "K\xe4se", false },
	{ "text", "a\nb", false },
	{ "text", "", false },
	{ "flag", "", true },
	{ "flag", "true", true },
	{ "flag", "false", false },
	{ "other", "one", false },
	{ "", "", false },
};

START_TEST(checks_parameters)
{
	const struct parameter given[] = {
		{ .name = text_of(parameters[_i].name), .value = text_of(parameters[_i].value) },
	};
	struct refusal refusal = { 0 };
	bool sound = parameters_check(rows, given, 1, &arena, &refusal);
	ck_assert_msg(
		sound == parameters[_i].sound, "%s=%s", parameters[_i].name, parameters[_i].value);
	ck_assert_int_eq(refusal.problem, sound ? PROBLEM_NONE : PROBLEM_BAD_PARAMETER);
	ck_assert(sound || refusal.detail.length > 0);
}
END_TEST

START_TEST(refuses_parameters_given_twice)
{
	const struct parameter given[] = {
		{ .name = TEXT("choice"), .value = TEXT("one") },
		{ .name = TEXT("flag"), .value = TEXT("") },
		{ .name = TEXT("choice"), .value = TEXT("one") },
	};
	struct refusal refusal = { 0 };
	ck_assert(parameters_check(rows, given, 2, &arena, &refusal));
	ck_assert(!parameters_check(rows, given, 3, &arena, &refusal));
	ck_assert(text_is(refusal.parameter, "choice"));
}
END_TEST

/* A list is for what takes a list, and may be empty there. */
START_TEST(checks_listed_parameters)
{
	static const struct {
		const char *name;
		const char *value;
		bool sound;
	} lists[] = {
		{ "list", "one,two", true },
		{ "list", "", true },
		{ "list", "three", false },
		{ "choice", "one", false },
		{ "text", "one", false },
		{ "flag", "", false },
	};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct parameter given = {
			.name = text_of(lists[i].name),
			.value = text_of(lists[i].value),
			.form = VALUE_LIST,
		};
		struct refusal refusal = { 0 };
		ck_assert_msg(parameters_check(rows, &given, 1, &arena, &refusal) == lists[i].sound,
			"%s: [%s]", lists[i].name, lists[i].value);
	}
}
END_TEST

START_TEST(takes_no_number_for_a_text)
{
	const struct parameter number = {
		.name = TEXT("text"),
		.value = TEXT("7"),
		.form = VALUE_WORD,
	};
	struct refusal refusal = { 0 };
	ck_assert(!parameters_check(rows, &number, 1, &arena, &refusal));
}
END_TEST

START_TEST(knows_the_names_of_absent_parameters)
{
	const struct parameter known = { .name = TEXT("choice"), .form = VALUE_ABSENT };
	const struct parameter unknown = { .name = TEXT("other"), .form = VALUE_ABSENT };
	struct refusal refusal = { 0 };
	ck_assert(parameters_check(rows, &known, 1, &arena, &refusal));
	ck_assert_ptr_null(parameter_find(&known, 1, "choice"));
	ck_assert(!parameters_check(rows, &unknown, 1, &arena, &refusal));
}
END_TEST

/* What a text must be like is told in words, which are no values to choose from. */
START_TEST(names_values_only_where_there_are_some)
{
	static const char *const form[] = { "anything", NULL };
	static const struct parameter_row texts[] = { { "text", PARAMETER_TEXT, form },
		{ NULL, PARAMETER_FLAG, NULL } };
	const struct parameter given = { .name = TEXT("text") };
	struct refusal refusal = { 0 };
	ck_assert(!parameters_check(texts, &given, 1, &arena, &refusal));
	ck_assert_ptr_null(refusal.allowed);
	ck_assert(text_contains(refusal.detail, "anything"));
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *cases = tcase_create("service");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, negotiates, 0, COUNT(accepts));
	tcase_add_loop_test(cases, reads_media_parameters, 0, COUNT(media_parameters));
	tcase_add_test(cases, reads_parts);
	tcase_add_test(cases, refuses_every_truncation);
	tcase_add_loop_test(cases, tells_local_hosts, 0, COUNT(hosts));
	tcase_add_loop_test(cases, checks_parameters, 0, COUNT(parameters));
	tcase_add_test(cases, refuses_parameters_given_twice);
	tcase_add_test(cases, checks_listed_parameters);
	tcase_add_test(cases, takes_no_number_for_a_text);
	tcase_add_test(cases, knows_the_names_of_absent_parameters);
	tcase_add_test(cases, names_values_only_where_there_are_some);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
