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

static void add_where(struct filter *filter, uint32_t action, const char *name,
	const struct scmp_arg_cmp *conditions, unsigned count)
{
	int number = number_of(name);
	if (number != __NR_SCMP_ERROR)
		note(filter,
			seccomp_rule_add_array(filter->context, action, number, count, conditions));
}

static struct scmp_arg_cmp condition(const struct bound *bound)
{
	if (bound->mask == ALL_BITS)
		return SCMP_CMP64(bound->argument, SCMP_CMP_EQ, bound->value, 0);
	return SCMP_CMP64(bound->argument, SCMP_CMP_MASKED_EQ, bound->mask, bound->value);
}

/* The conditions of a call's bounds behind `first` that are there already; how many there are then. */
static unsigned conditions_of(
	const struct bounded_call *call, struct scmp_arg_cmp *conditions, unsigned first)
{
	for (size_t i = 0; i < BOUNDS_MAXIMUM && call->bounds[i].mask != 0; i++)
		conditions[first++] = condition(&call->bounds[i]);
	return first;
}

static void allow_within(struct filter *filter, const struct bounded_call *call)
{
	struct scmp_arg_cmp conditions[BOUNDS_MAXIMUM];
	unsigned count = conditions_of(call, conditions, 0);
	add_where(filter, SCMP_ACT_ALLOW, call->name, conditions, count);
}

/* A filter has no "else": where the argument is another one, some bit of it is. */
static void refuse_beyond(struct filter *filter, const char *name, const struct bound *bound)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	const struct scmp_arg_cmp other = SCMP_CMP64(bound->argument, SCMP_CMP_NE, bound->value, 0);
	if (bound->mask == ALL_BITS) {
		add_where(filter, no, name, &other, 1);
		return;
	}
	for (uint64_t bit = 1; bit != 0 && bit <= bound->mask; bit <<= 1) {
		const struct scmp_arg_cmp differs =
			SCMP_CMP64(bound->argument, SCMP_CMP_MASKED_EQ, bit, ~bound->value & bit);
		if (bound->mask & bit)
			add_where(filter, no, name, &differs, 1);
	}
}

static void add_bounded(struct filter *filter, const struct bounded_call *call)
{
	allow_within(filter, call);
	for (size_t i = 0; i < BOUNDS_MAXIMUM && call->bounds[i].mask != 0; i++)
		refuse_beyond(filter, call->name, &call->bounds[i]);
}

/* Descriptors have 32 bits; what an intruder puts above them the kernel would not see. */
static void allow_on_others(struct filter *filter, const struct bounded_call *call, int but)
{
	struct scmp_arg_cmp conditions[1 + BOUNDS_MAXIMUM];
	unsigned count = conditions_of(call, conditions, 1);
	if (but < 0)
		add_where(filter, SCMP_ACT_ALLOW, call->name, conditions + 1, count - 1);
	for (uint64_t bit = 1; but >= 0 && bit <= UINT32_MAX; bit <<= 1) {
		conditions[0] = SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, bit, ~(uint64_t)but & bit);
		add_where(filter, SCMP_ACT_ALLOW, call->name, conditions, count);
	}
}

static void set(struct filter *filter, enum scmp_filter_attr attribute, uint32_t value)
{
	note(filter, seccomp_attr_set(filter->context, attribute, value));
}

static void describe(struct filter *filter, int manager)
{
	/* What abort() needs, and nobody else. */
	const struct bounded_call raise = {
		.name = "tgkill",
		.bounds = { { .argument = 0, .mask = ALL_BITS, .value = (uint64_t)getpid() } },
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
	for (const struct bounded_call *call = system_calls_in_part; call->name; call++)
		allow_within(filter, call);
	for (const struct bounded_call *call = system_calls_of_others; call->name; call++)
		allow_on_others(filter, call, manager);
	for (const char *const *name = system_calls_refused; *name; name++)
		add(filter, SCMP_ACT_ERRNO(EPERM), *name);
}

int system_calls_restrict(int manager)
{
	struct filter filter = { .context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS)) };
	if (!filter.context)
		return -ENOMEM;
	describe(&filter, manager);
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

int system_calls_restrict(int manager)
{
	(void)manager;
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
