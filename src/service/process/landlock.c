#include "service/process/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of ABIs newer than the header may be. */
#define FILE_TRUNCATE ((uint64_t)1 << 14)
#define FILE_IOCTL_DEVICE ((uint64_t)1 << 15)
#define TCP_BIND ((uint64_t)1 << 0)
#define TCP_CONNECT ((uint64_t)1 << 1)
#define SCOPE_ABSTRACT_SOCKETS ((uint64_t)1 << 0)
#define SCOPE_SIGNALS ((uint64_t)1 << 1)

/* struct landlock_ruleset_attr, which grows; an older kernel takes a longer one that ends with zeros. */
struct attributes {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

/* What each ABI knows that those before it do not. */
static const struct {
	int abi;
	struct attributes more;
} steps[] = {
	{ 1, { .files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
			LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			LANDLOCK_ACCESS_FS_MAKE_SYM } },
	{ 2, { .files = LANDLOCK_ACCESS_FS_REFER } },
	{ 3, { .files = FILE_TRUNCATE } },
	{ LANDLOCK_ABI_TCP, { .network = TCP_BIND | TCP_CONNECT } },
	{ 5, { .files = FILE_IOCTL_DEVICE } },
	{ LANDLOCK_ABI_SCOPES, { .scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS } },
};

int landlock_abi(void)
{
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi < 0 ? -errno : (int)abi;
}

static uint64_t kernel_rights(unsigned rights)
{
	return (rights & LANDLOCK_READ_FILES ? LANDLOCK_ACCESS_FS_READ_FILE : 0) |
	       (rights & LANDLOCK_LIST_FOLDERS ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
}

static int add_rule(int ruleset, const struct landlock_rule *rule)
{
	const struct landlock_path_beneath_attr beneath = {
		.allowed_access = kernel_rights(rule->rights),
		.parent_fd = rule->place,
	};
	long failed =
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	return failed ? -errno : 0;
}

int landlock_restrict(int abi, const struct landlock_rule *rules, size_t count)
{
	struct attributes all = { 0 };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && steps[i].abi <= abi; i++) {
		all.files |= steps[i].more.files;
		all.network |= steps[i].more.network;
		all.scopes |= steps[i].more.scopes;
	}
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return -errno;
	int error = 0;
	for (size_t i = 0; i < count && error == 0; i++)
		error = add_rule(ruleset, &rules[i]);
	if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		error = -errno;
	close(ruleset);
	return error;
}
