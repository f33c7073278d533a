#include "service/daemon/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/options/option_rows.h"
#include "service/process/confined.h"
#include "service/process/landlock.h"
#include "service/process/system_calls.h"

#define RULES_MAXIMUM 128
#define MINE_TO_READ (LANDLOCK_READ_FILES | LANDLOCK_LIST_FOLDERS)

/* clang tells in another way than gcc. */
#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
static const char build_fault[] = "this build has sanitizers, which need what it would forbid";
#else
static const char build_fault[] = "";
#endif

/* Folders of many things: one file of ours does not make all of them ours. */
static const char *const shared_folders[] = {
	"/",
	"/dev",
	"/dev/shm",
	"/etc",
	"/home",
	"/media",
	"/mnt",
	"/opt",
	"/proc",
	"/root",
	"/run",
	"/srv",
	"/tmp",
	"/usr",
	"/usr/local",
	"/usr/local/etc",
	"/usr/share",
	"/var",
	"/var/lib",
	"/var/run",
	"/var/tmp",
	NULL,
};

struct rules {
	const struct options *options;
	struct landlock_rule list[RULES_MAXIMUM];
	size_t count;
};

static void warn(const struct rules *rules, const char *path, const char *what)
{
	log_event(&rules->options->log, LOG_LEVEL_WARNING, "confine", "%s %s", path, what);
}

/* False when there is no such place. What is neither a folder nor a regular file needs no rule. */
static bool add(struct rules *rules, const char *path, unsigned rights)
{
	struct stat status;
	int place = open(path, O_PATH | O_CLOEXEC);
	if (place < 0)
		return false;
	bool known =
		fstat(place, &status) == 0 && (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode));
	if (!known || rules->count == RULES_MAXIMUM) {
		close(place);
		return false;
	}
	if (S_ISREG(status.st_mode))
		rights &= LANDLOCK_READ_FILES;
	rules->list[rules->count++] = (struct landlock_rule){ place, rights };
	return true;
}

/* Resolved, so that the names in the table are the only ones. */
static bool is_shared(const char *folder)
{
	const char *home = getenv("HOME");
	char *real_home = home ? realpath(home, NULL) : NULL;
	bool shared = real_home && strcmp(folder, real_home) == 0;
	free(real_home);
	for (size_t i = 0; shared_folders[i] && !shared; i++)
		shared = strcmp(folder, shared_folders[i]) == 0;
	return shared;
}

/* The folder that holds `path`, resolved; the caller frees it. NULL when there is none. */
static char *folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int length = slash == path ? 1 : slash ? (int)(slash - path) : 0;
	if (length >= PATH_MAX)
		return NULL;
	snprintf(folder, sizeof(folder), "%.*s", length, path);
	return realpath(length > 0 ? folder : ".", NULL);
}

/* False when the folder is not ours alone: then the file is ruled. */
static bool add_folder_of(struct rules *rules, const char *path)
{
	char *folder = folder_of(path);
	bool shared = folder && is_shared(folder);
	if (folder)
		add(rules, shared ? path : folder, LANDLOCK_READ_FILES);
	free(folder);
	return !shared;
}

/* Where its name stands, and where it really is when that is a link. */
static void add_file(struct rules *rules, const char *path)
{
	char *real = realpath(path, NULL);
	add_folder_of(rules, path);
	if (real && !add_folder_of(rules, real))
		warn(rules, path,
			"lies in a folder of many things: a reload reads it when it was changed in place, "
			"but no file that takes its place; give it a folder of its own, or name that "
			"one with confine-read");
	free(real);
}

/* All options that name a file, whatever they are for. */
static void add_files(struct rules *rules)
{
	for (const struct option_row *row = option_rows; row->name; row++) {
		if (row->kind != OPTION_TEXT && row->kind != OPTION_CONFIG)
			continue;
		const char *path = *(const char *const *)((const char *)rules->options + row->slot);
		if (path)
			add_file(rules, path);
	}
}

static void add_roots(struct rules *rules)
{
	const struct options *options = rules->options;
	for (size_t i = 0; i < options->confine_read_count; i++)
		if (!add(rules, options->confine_read[i], MINE_TO_READ))
			warn(rules, options->confine_read[i],
				"does not exist, so that nothing below it will be readable");
	for (size_t i = 0; i < options->root_count; i++)
		if (!add(rules, options->roots[i].path, MINE_TO_READ))
			warn(rules, options->roots[i].path,
				"does not exist: unless it comes below a folder that confine-read names, "
				"it can be read only after a restart");
}

/* Descriptors stay open where models are, so that nobody unmounts what could not be read again. */
static void close_places(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!(rules->list[i].rights & LANDLOCK_LIST_FOLDERS))
			close(rules->list[i].place);
}

static void miss(struct confinement *confinement, const char *what, const char *why)
{
	size_t used = strlen(confinement->missing);
	snprintf(confinement->missing + used, sizeof(confinement->missing) - used, "%s%s%s%s",
		used > 0 ? "; " : "", what, what[0] != '\0' ? ": " : "", why);
}

static const char *reason(int error)
{
	switch (error) {
	case -ENOSYS:
	case -EOPNOTSUPP:
		return "this kernel does not have it, or was started without it";
	case -EPERM:
	case -EACCES:
		return "what the daemon runs in forbids it";
	default:
		return strerror(-error);
	}
}

static void restrict_files(struct confinement *confinement, struct rules *rules)
{
	int abi = landlock_abi();
	int error = abi < 0 ? abi : landlock_restrict(abi, rules->list, rules->count);
	if (error != 0) {
		miss(confinement, "landlock", reason(error));
		return;
	}
	confined_files();
	confinement->landlock_abi = abi;
}

static bool is_wanted(const struct confinement *confinement)
{
	return confinement->choice != CONFINE_OFF && build_fault[0] == '\0';
}

static bool is_enough(const struct confinement *confinement)
{
	return confinement->choice != CONFINE_REQUIRED || confinement->missing[0] == '\0';
}

bool confine_files(struct confinement *confinement, const struct options *options)
{
	struct rules rules = { .options = options };
	*confinement = (struct confinement){ .choice = options->confine };
	if (!is_wanted(confinement)) {
		miss(confinement, "",
			options->confine == CONFINE_OFF ? "it is turned off" : build_fault);
		return is_enough(confinement);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		miss(confinement, "no_new_privs", reason(-errno));
	add_roots(&rules);
	add_files(&rules);
	restrict_files(confinement, &rules);
	close_places(&rules);
	return is_enough(confinement);
}

bool confine_calls(struct confinement *confinement, int manager)
{
	if (!is_wanted(confinement))
		return is_enough(confinement);
	const char *unavailable = system_calls_unavailable();
	int error = unavailable ? -ENOSYS : system_calls_restrict(manager);
	confinement->system_calls = error == 0;
	if (error == 0)
		confined_calls();
	else
		miss(confinement, "seccomp", unavailable ? unavailable : reason(error));
	return is_enough(confinement);
}

void confine_tell(const struct confinement *confinement, const struct options *options)
{
	const struct log_style *log = &options->log;
	bool meant = !is_wanted(confinement);
	if (confinement->missing[0] == '\0')
		log_event(log, LOG_LEVEL_INFO, "confine",
			"confined by landlock (ABI %d) and seccomp", confinement->landlock_abi);
	else
		log_event(log, meant ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "confine",
			"not confined%s: %s",
			confinement->landlock_abi || confinement->system_calls ? " in full" : "",
			confinement->missing);
}

bool confine_check(const struct options *options, struct fault *ret_fault)
{
	struct confinement confinement = { .choice = options->confine };
	int abi = landlock_abi();
	if (options->confine != CONFINE_REQUIRED)
		return true;
	if (build_fault[0] != '\0')
		miss(&confinement, "", build_fault);
	if (abi < 0)
		miss(&confinement, "landlock", reason(abi));
	if (system_calls_unavailable())
		miss(&confinement, "seccomp", system_calls_unavailable());
	if (confinement.missing[0] == '\0')
		return true;
	fault_printf(ret_fault, "confine: required cannot be followed: %s", confinement.missing);
	return false;
}
