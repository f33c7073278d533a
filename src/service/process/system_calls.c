/*
 * A call that is not listed fails with ENOSYS, as it would in an older kernel, so that a library that only
 * tries something takes its other way; one that is refused by name or by its arguments fails with
 * EPERM. Nothing is killed: a library's update that asks for something harmless would be an outage, and
 * whoever broke in gains nothing from an error. The kernel writes each refusal to its log (audit, type
 * 1326) unless sysctl kernel.seccomp.actions_logged says otherwise.
 */
#include "service/process/system_calls.h"

#include "config.h"
#include "service/process/system_call_rows.h"

#include <stddef.h>

/* Nobody has seen on others what the libraries need there. */
#if defined(HAVE_SECCOMP) && (defined(__x86_64__) || defined(__aarch64__))

#include <errno.h>
#include <seccomp.h>
#include <unistd.h>

struct filter {
	scmp_filter_ctx context;
	int error; /* the first; 0: none */
};

static void note(struct filter *filter, int error)
{
	if (filter->error == 0)
		filter->error = error;
}

/* Names that this machine or this libseccomp does not know cannot be called either, or are unlisted. */
static int number_of(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

static void add(struct filter *filter, uint32_t action, const char *name)
{
	int number = number_of(name);
	if (number != __NR_SCMP_ERROR)
		note(filter, seccomp_rule_add(filter->context, action, number, 0));
}

static void add_where(
	struct filter *filter, uint32_t action, const char *name, struct scmp_arg_cmp condition)
{
	int number = number_of(name);
	if (number != __NR_SCMP_ERROR)
		note(filter, seccomp_rule_add(filter->context, action, number, 1, condition));
}

/* A filter has no "else": where the argument is another one, some bit of it is. */
static void add_bounded(struct filter *filter, const struct bounded_call *call)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	if (call->mask == ALL_BITS) {
		add_where(filter, SCMP_ACT_ALLOW, call->name,
			SCMP_CMP64(call->argument, SCMP_CMP_EQ, call->value, 0));
		add_where(filter, no, call->name,
			SCMP_CMP64(call->argument, SCMP_CMP_NE, call->value, 0));
		return;
	}
	add_where(filter, SCMP_ACT_ALLOW, call->name,
		SCMP_CMP64(call->argument, SCMP_CMP_MASKED_EQ, call->mask, call->value));
	for (uint64_t bit = 1; bit != 0 && bit <= call->mask; bit <<= 1)
		if (call->mask & bit)
			add_where(filter, no, call->name,
				SCMP_CMP64(call->argument, SCMP_CMP_MASKED_EQ, bit,
					~call->value & bit));
}

static void set(struct filter *filter, enum scmp_filter_attr attribute, uint32_t value)
{
	note(filter, seccomp_attr_set(filter->context, attribute, value));
}

static void describe(struct filter *filter, bool unlinks)
{
	/* What abort() needs, and nobody else. */
	const struct bounded_call raise = {
		.name = "tgkill",
		.argument = 0,
		.mask = ALL_BITS,
		.value = (uint64_t)getpid(),
	};
	set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	set(filter, SCMP_FLTATR_CTL_NNP, 0);
	set(filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* the kernel's own errno */
	/* Calls of another kind of machine (32 bits) have other numbers. */
	set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_LOG, 1); /* since Linux 4.14 */
	for (const char *const *name = system_calls_allowed; *name; name++)
		add(filter, SCMP_ACT_ALLOW, *name);
	for (const struct bounded_call *call = system_calls_bounded; call->name; call++)
		add_bounded(filter, call);
	add_bounded(filter, &raise);
	for (const char *const *name = system_calls_refused; *name; name++)
		add(filter, SCMP_ACT_ERRNO(EPERM), *name);
	add(filter, unlinks ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "unlink");
	add(filter, unlinks ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "unlinkat");
}

int system_calls_restrict(bool unlinks)
{
	struct filter filter = { .context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS)) };
	if (!filter.context)
		return -ENOMEM;
	describe(&filter, unlinks);
	if (filter.error == 0)
		note(&filter, seccomp_load(filter.context));
	seccomp_release(filter.context);
	return filter.error;
}

const char *system_calls_unavailable(void)
{
	return NULL;
}

#else

#include <errno.h>

int system_calls_restrict(bool unlinks)
{
	(void)unlinks;
	return -ENOSYS;
}

#ifdef HAVE_SECCOMP
const char *system_calls_unavailable(void)
{
	return "the system calls that are needed are not known for this kind of machine";
}
#else
const char *system_calls_unavailable(void)
{
	return "this program was built without libseccomp";
}
#endif

#endif
