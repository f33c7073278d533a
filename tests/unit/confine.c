/* What the daemon forbids itself, tried from inside; and what it must still be able to do. */
#include "service/daemon/confine.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "breakout/attempts.h"
#include "service/process/landlock.h"
#include "service/process/system_calls.h"

static char folder[64];
static char models[128];
static char name[64];
static struct surroundings around;
static int listeners[2];

/* The kernel chooses a name that nobody has: what the last test started may still hold its own. */
static void bind_abstract(int fd)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(local);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&local, sizeof(local.sun_family)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	snprintf(name, sizeof(name), "%.*s",
		(int)(length - offsetof(struct sockaddr_un, sun_path) - 1), local.sun_path + 1);
}

/* Somebody who listens, and a process, around us. */
static void listen_around(void)
{
	struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(tcp);
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&tcp, sizeof(tcp)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&tcp, &length);
	around.port = ntohs(tcp.sin_port);
	bind_abstract(other);
	ck_assert_int_eq(listen(other, 1), 0);
	around.abstract = name;
	listeners[0] = fd;
	listeners[1] = other;
	around.process = fork();
	if (around.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
}

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/quantconf-confine-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(attempts_prepare(folder), 0);
	snprintf(models, sizeof(models), "%s/models", folder);
	around = (struct surroundings){ .folder = folder, .manager = -1 };
	listen_around();
	ck_assert_int_eq(surroundings_open(&around), 0);
}

static void teardown(void)
{
	char command[128];
	close(listeners[0]);
	close(listeners[1]);
	close(around.tcp);
	close(around.udp);
	close(around.local);
	close(around.manager);
	close(around.stranger);
	kill(around.process, SIGKILL);
	waitpid(around.process, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

/* A child that confines itself by `confine` (NULL: not) and then does `work`; its errno, 0 for none. */
static int inside(int (*confine)(void), int (*work)(const struct surroundings *))
{
	enum {
		NOT_CONFINED = 255,
	};
	int status;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (confine && confine() != 0)
			_exit(NOT_CONFINED);
		_exit(-work(&around));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	ck_assert_int_ne(WEXITSTATUS(status), NOT_CONFINED);
	return WEXITSTATUS(status);
}

static struct options daemon_options(void)
{
	return (struct options){
		.roots = { { ROOT_MODELS, models } }, .root_count = 1, .confine = CONFINE_REQUIRED
	};
}

static int as_the_daemon(void)
{
	struct confinement confinement;
	const struct options options = daemon_options();
	bool done = confine_files(&confinement, &options) &&
		    confine_calls(&confinement, around.manager);
	return done ? 0 : -1;
}

static int abi;

static int by_landlock(void)
{
	const struct landlock_rule rule = { open(models, O_PATH),
		LANDLOCK_READ_FILES | LANDLOCK_LIST_FOLDERS };
	return landlock_restrict(abi, &rule, 1);
}

static int by_system_calls(void)
{
	return system_calls_restrict(around.manager);
}

static bool can_be_required(void)
{
	struct fault fault;
	const struct options options = daemon_options();
	return confine_check(&options, &fault);
}

static void check_stopped(const struct attempt *attempt, int (*confine)(void), int expected)
{
	int got = inside(confine, attempt->run);
	ck_assert_msg(got == expected, "%s (ABI %d): %s, not %s", attempt->name, abi,
		got == 0 ? "it worked" : strerrorname_np(got), strerrorname_np(expected));
}

START_TEST(nothing_gets_out)
{
	const struct attempt *attempt = &attempts[_i];
	int expected = attempt->calls ? attempt->calls : attempt->files;
	if (can_be_required())
		check_stopped(attempt, as_the_daemon, expected);
}
END_TEST

START_TEST(system_calls_hold_alone)
{
	const struct attempt *attempt = &attempts[_i];
	if (system_calls_unavailable() || attempt->calls == 0)
		return;
	check_stopped(attempt, by_system_calls, attempt->calls);
}
END_TEST

/* By every ABI that this kernel can imitate. */
START_TEST(landlock_holds_alone)
{
	const struct attempt *attempt = &attempts[_i];
	int first = attempt->abi > 0 ? attempt->abi : 1;
	for (abi = first; attempt->files && abi <= landlock_abi(); abi++)
		check_stopped(attempt, by_landlock, attempt->files);
}
END_TEST

/*
 * What fails in the same way without confinement proves nothing: some of it where this runs without
 * privileges or in a container.
 */
START_TEST(attempts_prove_something)
{
	size_t proofs = 0;
	for (size_t i = 0; i < attempt_count; i++) {
		const struct attempt *attempt = &attempts[i];
		int expected = attempt->calls ? attempt->calls : attempt->files;
		bool proves = inside(NULL, attempt->run) != expected;
		proofs += proves;
		if (!proves)
			printf("%s: %s without confinement, too\n", attempt->name,
				strerrorname_np(expected));
		teardown();
		setup();
	}
	ck_assert_uint_gt(proofs, attempt_count * 2 / 3);
}
END_TEST

static int serve(const struct surroundings *inner)
{
	char path[256], bytes[16];
	struct stat status;
	snprintf(path, sizeof(path), "%s/models/file", inner->folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read(fd, bytes, sizeof(bytes)) == 10 && fstat(fd, &status) == 0;
	good = good && getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes);
	int listing = open(models, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	void *memory = malloc((size_t)64 << 20);
	good = good && listing >= 0 && memory;
	free(memory);
	return good ? 0 : -ECANCELED;
}

START_TEST(serving_goes_on)
{
	if (can_be_required())
		ck_assert_int_eq(inside(as_the_daemon, serve), 0);
	if (!system_calls_unavailable())
		ck_assert_int_eq(inside(by_system_calls, serve), 0);
	for (abi = 1; abi <= landlock_abi(); abi++)
		ck_assert_int_eq(inside(by_landlock, serve), 0);
}
END_TEST

/* A failed assertion still ends the process in the usual way. */
static int fail_assertion(const struct surroundings *inner)
{
	(void)inner;
	abort();
}

START_TEST(abort_is_abort)
{
	int status;
	if (system_calls_unavailable())
		return;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(system_calls_restrict(-1) == 0 ? fail_assertion(&around) : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("confine");
	TCase *cases = tcase_create("confine");
	const int count = (int)attempt_count;
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, nothing_gets_out, 0, count);
	tcase_add_loop_test(cases, system_calls_hold_alone, 0, count);
	tcase_add_loop_test(cases, landlock_holds_alone, 0, count);
	tcase_add_test(cases, attempts_prove_something);
	tcase_add_test(cases, serving_goes_on);
	tcase_add_test(cases, abort_is_abort);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
