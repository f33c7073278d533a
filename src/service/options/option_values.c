/* Values of options, as they are written on the command line or in the file. */
#include <stdio.h>
#include <string.h>

#include "service/options/option_rows.h"
#include "service/options/origin.h"

#define MIB ((size_t)1024 * 1024)

/* Digits, then a unit where the kind has units. False when it is no such number, or too large. */
static bool read_number(const char *value, bool units, size_t *ret_number)
{
	static const struct {
		const char *name;
		size_t factor;
	} factors[] = { { "", 1 }, { "B", 1 }, { "K", 1024 }, { "KiB", 1024 }, { "M", MIB },
		{ "MiB", MIB }, { "G", 1024 * MIB }, { "GiB", 1024 * MIB } };
	size_t number = 0, digits = strspn(value, "0123456789");
	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(number, (size_t)10, &number) ||
			__builtin_add_overflow(number, (size_t)(value[i] - '0'), &number))
			return false;
	const char *unit = value + digits + strspn(value + digits, " ");
	size_t known = units ? sizeof(factors) / sizeof(factors[0]) : 1;
	for (size_t i = 0; i < known && digits > 0; i++)
		if (strcmp(unit, factors[i].name) == 0)
			return !__builtin_mul_overflow(number, factors[i].factor, ret_number);
	return false;
}

/* One value on its way to its slot. */
struct setting {
	struct options *options;
	const struct option_row *row;
	const char *value;
	const char *place;
	struct faults *faults;
};

static bool wrong(const struct setting *setting, const char *expected)
{
	const char *fallback = setting->row->fallback;
	faults_add(setting->faults, setting->place, "%s%s%s%.60s is not usable: it takes %s%s%s%s",
		setting->place ? "" : "--", setting->row->name, setting->place ? ": " : "=",
		setting->value, expected, fallback ? " (default " : "", fallback ? fallback : "",
		fallback ? ")" : "");
	return false;
}

static void *slot_of(const struct setting *setting)
{
	return (char *)setting->options + setting->row->slot;
}

static bool set_number(const struct setting *setting)
{
	const struct option_row *row = setting->row;
	size_t number;
	bool bytes = row->kind == OPTION_BYTES;
	char expected[128];
	snprintf(expected, sizeof(expected), "%s from %zu to %zu%s",
		row->kind == OPTION_SECONDS ? "seconds" : "a number", row->minimum, row->maximum,
		bytes ? ", with K, M or G if wanted" : "");
	if (!read_number(setting->value, bytes, &number) || number < row->minimum ||
		number > row->maximum)
		return wrong(setting, expected);
	*(size_t *)slot_of(setting) = number;
	return true;
}

static bool set_mode(const struct setting *setting)
{
	const char *value = setting->value;
	size_t length = strlen(value), mode = 0;
	if (length < 3 || length > 4 || strspn(value, "01234567") != length ||
		(length == 4 && value[0] != '0'))
		return wrong(setting, "permissions in octal, such as 0660");
	for (size_t i = 0; i < length; i++)
		mode = mode * 8 + (size_t)(value[i] - '0');
	if ((mode & 0600) != 0600)
		return wrong(setting,
			"permissions that let the daemon's own user read and write, such as 0660");
	*(size_t *)slot_of(setting) = mode;
	return true;
}

static bool set_choice(const struct setting *setting)
{
	char expected[128] = "";
	const char *const *choices = setting->row->choices;
	for (size_t i = 0, used = 0; choices[i]; i++) {
		if (strcmp(setting->value, choices[i]) == 0) {
			*(unsigned *)slot_of(setting) = (unsigned)i;
			return true;
		}
		const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
		int more = snprintf(
			expected + used, sizeof(expected) - used, "%s%s", before, choices[i]);
		used += more > 0 && (size_t)more < sizeof(expected) - used ? (size_t)more : 0;
	}
	return wrong(setting, expected);
}

static bool add_root(const struct setting *setting, enum root_kind kind)
{
	struct options *options = setting->options;
	if (setting->value[0] == '\0')
		return wrong(setting, "a folder");
	if (options->root_count == ROOTS_MAXIMUM)
		return wrong(setting, "at most 16 folders, together with those of the other kind");
	options->root_places[options->root_count] = setting->place;
	options->roots[options->root_count++] =
		(struct root_path){ .kind = kind, .path = setting->value };
	return true;
}

static bool set_listen(const struct setting *setting)
{
	struct options *options = setting->options;
	if (options->listen_count == LISTEN_MAXIMUM)
		return wrong(setting, "at most 16 addresses");
	options->listen_places[options->listen_count] = setting->place;
	options->listen[options->listen_count++] = setting->value;
	return true;
}

static bool add_confine_read(const struct setting *setting)
{
	struct options *options = setting->options;
	if (setting->value[0] == '\0')
		return wrong(setting, "a folder");
	if (options->confine_read_count == CONFINE_READ_MAXIMUM)
		return wrong(setting, "at most 16 folders");
	options->confine_read[options->confine_read_count++] = setting->value;
	return true;
}

static bool add_origin(const struct setting *setting)
{
	struct options *options = setting->options;
	const char *fault = origin_fault(setting->value);
	if (fault)
		return wrong(setting, fault);
	if (options->origin_count == ORIGINS_MAXIMUM)
		return wrong(setting, "at most 32 origins");
	options->origins[options->origin_count++] = setting->value;
	return true;
}

static bool set_text(const struct setting *setting)
{
	if (setting->value[0] == '\0')
		return wrong(setting, "the path of a file");
	*(const char **)slot_of(setting) = setting->value;
	return true;
}

static bool set_flag(const struct setting *setting)
{
	bool on = strcmp(setting->value, "true") == 0;
	if (!on && strcmp(setting->value, "false") != 0)
		return wrong(setting, "true or false");
	*(bool *)slot_of(setting) = on;
	return true;
}

static bool set(const struct setting *setting)
{
	switch (setting->row->kind) {
	case OPTION_FLAG:
	case OPTION_CHECK:
		return set_flag(setting);
	case OPTION_LISTEN:
		return set_listen(setting);
	case OPTION_MODEL_ROOT:
		return add_root(setting, ROOT_MODELS);
	case OPTION_HF_CACHE:
		return add_root(setting, ROOT_HF_CACHE);
	case OPTION_CONFINE_READ:
		return add_confine_read(setting);
	case OPTION_MODE:
		return set_mode(setting);
	case OPTION_ORIGIN:
		return add_origin(setting);
	case OPTION_CHOICE:
		return set_choice(setting);
	case OPTION_TEXT:
	case OPTION_CONFIG:
		return set_text(setting);
	default:
		return set_number(setting);
	}
}

void option_set(struct options *options, const struct option_row *row, const char *value,
	const char *place, struct faults *faults)
{
	const struct setting setting = { options, row, value, place, faults };
	if (set(&setting))
		options->places[row - option_rows] = place;
}
