#include "command/replace.h"

#include "command/say.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS_LIST "system.posix_acl_access"

struct replacement {
	const char *real; /* the file, without links */
	const struct stat *old;
	char temporary[PATH_MAX];
	int descriptor;
	char why[XATTR_NAME_MAX + 128]; /* the reason of a failure; "" : errno says it */
};

/* Always false. */
static bool cannot_keep(struct replacement *replacement, const char *what)
{
	snprintf(replacement->why, sizeof(replacement->why), "its %s cannot be kept: %s", what,
		strerror(errno));
	return false;
}

/* Owner first: changing it may clear bits of the mode. Only root may give a file away, so a group that stays is enough. */
static bool keep_owner(struct replacement *replacement)
{
	const struct stat *old = replacement->old;
	struct stat now;
	if (fstat(replacement->descriptor, &now) != 0)
		return false;
	if ((now.st_uid == old->st_uid && now.st_gid == old->st_gid) ||
		fchown(replacement->descriptor, old->st_uid, old->st_gid) == 0)
		return true;
	return cannot_keep(replacement, "owner or group");
}

/* Sums over the contents, which are the kernel's alone to make. */
static bool is_sum(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

static bool keep_attribute(struct replacement *replacement, const char *name)
{
	char value[XATTR_SIZE_MAX], new_value[XATTR_SIZE_MAX];
	int new = replacement->descriptor;
	ssize_t length = getxattr(replacement->real, name, value, sizeof(value));
	if (length < 0 || is_sum(name))
		return length >= 0 || errno == ENODATA;
	/* A label that the new file has by itself may be nobody's to set. */
	if (fgetxattr(new, name, new_value, sizeof(new_value)) == length &&
		memcmp(value, new_value, (size_t)length) == 0)
		return true;
	if (fsetxattr(new, name, value, (size_t)length, 0) == 0)
		return true;
	bool list = strcmp(name, ACCESS_LIST) == 0;
	char what[XATTR_NAME_MAX + 16];
	snprintf(what, sizeof(what), "attribute %s", name);
	return cannot_keep(replacement, list ? "access control list" : what);
}

/* The access control list is one of them. One that the new file has from its folder is not that of the old file. */
static bool keep_attributes(struct replacement *replacement)
{
	char names[XATTR_LIST_MAX];
	if (fremovexattr(replacement->descriptor, ACCESS_LIST) != 0 && errno != ENODATA &&
		errno != ENOTSUP)
		return cannot_keep(replacement, "access control list");
	ssize_t length = listxattr(replacement->real, names, sizeof(names));
	if (length < 0)
		return errno == ENOTSUP || cannot_keep(replacement, "attributes");
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		if (!keep_attribute(replacement, names + at))
			return false;
	return true;
}

/* Before the contents come, which then are never readable for anyone new. The list before the mode, which is its mask. */
static bool dress(struct replacement *replacement)
{
	return keep_owner(replacement) && keep_attributes(replacement) &&
	       fchmod(replacement->descriptor, replacement->old->st_mode & 07777) == 0;
}

static bool write_all(int descriptor, struct text text)
{
	while (text.length > 0) {
		ssize_t put = write(descriptor, text.data, text.length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		text = text_from(text, (size_t)put);
	}
	return true;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_as_read(struct replacement *replacement)
{
	const struct stat *old = replacement->old;
	struct stat now;
	if (stat(replacement->real, &now) != 0)
		return false;
	bool same = now.st_dev == old->st_dev && now.st_ino == old->st_ino &&
		    now.st_size == old->st_size && same_time(now.st_mtim, old->st_mtim) &&
		    same_time(now.st_ctim, old->st_ctim);
	if (!same)
		snprintf(replacement->why, sizeof(replacement->why),
			"it was changed while it was migrated; run again");
	return same;
}

/* Hidden, so that no search finds what a lost machine left behind; and short, whatever the file's name. */
static bool open_beside(struct replacement *replacement)
{
	const char *name = strrchr(replacement->real, '/');
	int length = snprintf(replacement->temporary, sizeof(replacement->temporary),
		"%.*s/.quantconf-XXXXXX", (int)(name - replacement->real), replacement->real);
	errno = ENAMETOOLONG;
	if (length < 0 || (size_t)length >= sizeof(replacement->temporary))
		return false;
	replacement->descriptor = mkostemp(replacement->temporary, O_CLOEXEC);
	return replacement->descriptor >= 0;
}

static bool replace(struct replacement *replacement, struct text text)
{
	if (!open_beside(replacement))
		return false;
	bool written = dress(replacement) && write_all(replacement->descriptor, text) &&
		       fsync(replacement->descriptor) == 0;
	int error = errno;
	if (close(replacement->descriptor) != 0 && written) {
		written = false;
		error = errno;
	}
	errno = error;
	if (written && is_as_read(replacement) &&
		rename(replacement->temporary, replacement->real) == 0)
		return true;
	error = errno;
	unlink(replacement->temporary);
	errno = error;
	return false;
}

/* What would end the process waits while the other file is there. */
static bool replace_undisturbed(struct replacement *replacement, struct text text)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU };
	sigset_t signals, before;
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&signals, ending[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	bool replaced = replace(replacement, text);
	if (!replaced && replacement->why[0] == '\0')
		snprintf(replacement->why, sizeof(replacement->why), "%s", strerror(errno));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return replaced;
}

bool file_replace(const char *path, const struct stat *read, struct text text)
{
	struct replacement replacement = { .old = read };
	char *real = realpath(path, NULL);
	bool replaced = false;
	replacement.real = real;
	if (!real)
		snprintf(replacement.why, sizeof(replacement.why), "%s", strerror(errno));
	else if (!S_ISREG(read->st_mode))
		snprintf(replacement.why, sizeof(replacement.why), "it is no regular file");
	else
		replaced = replace_undisturbed(&replacement, text);
	if (!replaced)
		say("cannot replace %s: %s", path, replacement.why);
	free(real);
	return replaced;
}
