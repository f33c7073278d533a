#include "source/number.h"

#include "base/buffer.h"

/* Conversion takes time that grows with the square of the length. */
#define CONVERTED_MOST 1024
#define LIMB 1000000000u
#define LIMBS 160 /* 1024 hexadecimal digits are 1234 decimal ones; sexagesimals are smaller */
#define FACTOR_MOST ((uint32_t)1 << 26)

/* A natural number, its lowest nine digits first. */
struct natural {
	uint32_t limbs[LIMBS];
	size_t used;
	uint32_t factor; /* pending: the number times `factor`, plus `term` */
	uint32_t term;
};

static void settle(struct natural *natural)
{
	uint64_t carry = natural->term;
	for (size_t i = 0; i < natural->used; i++) {
		carry += (uint64_t)natural->limbs[i] * natural->factor;
		natural->limbs[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	if (carry > 0 && natural->used < LIMBS)
		natural->limbs[natural->used++] = (uint32_t)carry;
	natural->factor = 1;
	natural->term = 0;
}

/* `base` is 60 at most. */
static void append_digit(struct natural *natural, uint32_t base, uint32_t digit)
{
	natural->factor *= base;
	natural->term = natural->term * base + digit;
	if (natural->factor > FACTOR_MOST / 60)
		settle(natural);
}

static void add_natural(struct buffer *out, struct natural *natural)
{
	settle(natural);
	if (natural->used == 0) {
		buffer_add_byte(out, '0');
		return;
	}
	buffer_add_unsigned(out, natural->limbs[natural->used - 1]);
	for (size_t i = natural->used - 1; i > 0; i--)
		buffer_printf(out, "%09u", (unsigned)natural->limbs[i - 1]);
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit_value(char c)
{
	if (digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static char first_of(struct text s)
{
	return s.length > 0 ? s.data[0] : '\0';
}

/* Removes a sign; true for a minus. */
static bool take_sign(struct text *s)
{
	char sign = first_of(*s);
	if (sign == '-' || sign == '+')
		*s = text_from(*s, 1);
	return sign == '-';
}

/* How many leading bytes are digits of that base or underscores. */
static size_t digits_length(struct text s, int base)
{
	size_t length = 0;
	while (length < s.length && (s.data[length] == '_' || digit_value(s.data[length]) < base))
		length++;
	return length;
}

static void append_digits(struct natural *natural, uint32_t base, struct text digits)
{
	for (size_t i = 0; i < digits.length; i++)
		if (digits.data[i] != '_')
			append_digit(natural, base, (uint32_t)digit_value(digits.data[i]));
}

/* Copies decimal digits without underscores and leading zeros, a single 0 when nothing is left. */
static void add_decimal(struct buffer *out, struct text digits)
{
	size_t before = out->length;
	for (size_t i = 0; i < digits.length; i++)
		if (digit(digits.data[i]) && (digits.data[i] != '0' || out->length > before))
			buffer_add_byte(out, digits.data[i]);
	if (out->length == before)
		buffer_add_byte(out, '0');
}

static bool has_digit(struct text digits)
{
	for (size_t i = 0; i < digits.length; i++)
		if (digits.data[i] != '_')
			return true;
	return false;
}

static struct text signed_text(struct buffer *out)
{
	struct text text = buffer_text(out);
	/* No integer is minus zero. */
	return text_is(text, "-0") ? text_from(text, 1) : text;
}

static struct text based(struct buffer *out, struct text digits, int base)
{
	struct natural natural = { .factor = 1 };
	bool fits = digits.length <= CONVERTED_MOST;
	if (!fits || digits_length(digits, base) != digits.length || !has_digit(digits))
		return (struct text){ 0 };
	append_digits(&natural, (uint32_t)base, digits);
	add_natural(out, &natural);
	return signed_text(out);
}

/* `12:30:45`: the length of the groups behind the first number, 0 when there are none. */
static size_t sexagesimal_length(struct text s)
{
	size_t length = 0;
	while (length + 1 < s.length && s.data[length] == ':' && digit(s.data[length + 1])) {
		size_t digits = 1 + (length + 2 < s.length && digit(s.data[length + 2]));
		if (digits == 2 && s.data[length + 1] > '5')
			break;
		length += 1 + digits;
	}
	return length;
}

static void add_sexagesimal(struct buffer *out, struct text first, struct text groups)
{
	struct natural natural = { .factor = 1 };
	append_digits(&natural, 10, first);
	for (size_t at = 0; at < groups.length;) {
		uint32_t value = 0;
		for (at++; at < groups.length && groups.data[at] != ':'; at++)
			value = value * 10 + (uint32_t)(groups.data[at] - '0');
		append_digit(&natural, 60, value);
	}
	add_natural(out, &natural);
}

static struct text decimal_or_sexagesimal(struct buffer *out, struct text s)
{
	struct text first = { .data = s.data, .length = digits_length(s, 10) };
	if (first.length == s.length) {
		add_decimal(out, first);
		return signed_text(out);
	}
	struct text groups = text_from(s, first.length);
	if (s.length > CONVERTED_MOST || sexagesimal_length(groups) != groups.length)
		return (struct text){ 0 };
	add_sexagesimal(out, first, groups);
	return signed_text(out);
}

/* `e5`, `E-05`: whether all of `s` is an exponent. */
static bool is_exponent(struct text s)
{
	if (first_of(s) != 'e' && first_of(s) != 'E')
		return false;
	s = text_from(s, 1);
	take_sign(&s);
	for (size_t i = 0; i < s.length; i++)
		if (!digit(s.data[i]))
			return false;
	return s.length > 0;
}

static size_t decimals_end(struct text s, size_t at)
{
	while (at < s.length && digit(s.data[at]))
		at++;
	return at;
}

enum number_form number_json_form(struct text s)
{
	size_t start = first_of(s) == '-';
	size_t at = decimals_end(s, start);
	if (at == start || (s.data[start] == '0' && at > start + 1))
		return NUMBER_OTHER;
	if (at == s.length)
		return text_is(s, "-0") ? NUMBER_OTHER : NUMBER_INTEGER;
	if (s.data[at] == '.') {
		size_t fraction = at + 1;
		at = decimals_end(s, fraction);
		if (at == fraction)
			return NUMBER_OTHER;
	}
	return at == s.length || is_exponent(text_from(s, at)) ? NUMBER_FLOAT : NUMBER_OTHER;
}

struct text number_integer(struct arena *arena, struct text written)
{
	struct text s = written;
	bool minus = take_sign(&s);
	if (!digit(first_of(s)))
		return (struct text){ 0 };
	struct buffer out;
	buffer_init(&out, arena, 32);
	if (minus)
		buffer_add_byte(&out, '-');
	if (text_starts_with(s, "0b"))
		return based(&out, text_from(s, 2), 2);
	if (text_starts_with(s, "0x"))
		return based(&out, text_from(s, 2), 16);
	if (first_of(s) == '0')
		return based(&out, s, 8);
	return decimal_or_sexagesimal(&out, s);
}

/* ".5_0": the fraction with its point, "0" where it has no digits. */
static void add_fraction(struct buffer *out, struct text fraction)
{
	size_t before = out->length;
	buffer_add_byte(out, '.');
	for (size_t i = 0; i < fraction.length; i++)
		if (digit(fraction.data[i]))
			buffer_add_byte(out, fraction.data[i]);
	if (out->length == before + 1)
		buffer_add_byte(out, '0');
}

struct float_parts {
	struct text whole;
	struct text groups;   /* sexagesimal */
	struct text fraction; /* with its point */
	struct text exponent;
};

static struct text cut(struct text *s, size_t length)
{
	struct text head = { .data = s->data, .length = length };
	*s = text_from(*s, length);
	return head;
}

/* Whether the parts, all of what was written, make a float. */
static bool float_parts(struct text s, struct float_parts *parts)
{
	*parts = (struct float_parts){ .whole = cut(&s, digits_length(s, 10)) };
	if (parts->whole.length > 0 && !digit(parts->whole.data[0]))
		return false;
	if (parts->whole.length > 0)
		parts->groups = cut(&s, sexagesimal_length(s));
	if (first_of(s) == '.')
		parts->fraction = cut(&s, 1 + digits_length(text_from(s, 1), 10));
	parts->exponent = s;
	bool fraction = parts->fraction.length > 0;
	if (parts->whole.length == 0 &&
		(parts->fraction.length < 2 || !digit(parts->fraction.data[1])))
		return false;
	if (parts->groups.length > 0)
		return fraction && s.length == 0 &&
		       parts->whole.length + parts->groups.length <= CONVERTED_MOST;
	return s.length > 0 ? is_exponent(s) : fraction;
}

/* YAML 1.2 allows more than 1.1, but none of it with underscores. */
static bool spelling_allowed(struct text written, const struct float_parts *parts)
{
	if (!text_contains(written, "_"))
		return true;
	bool with_sign = !digit(first_of(written)) && first_of(written) != '.';
	if (parts->whole.length == 0 && with_sign)
		return false;
	if (parts->exponent.length == 0)
		return true;
	char sign = parts->exponent.data[1];
	return parts->fraction.length > 0 && (sign == '-' || sign == '+');
}

struct text number_float(struct arena *arena, struct text written)
{
	struct float_parts parts;
	struct text s = written;
	bool minus = take_sign(&s);
	if (!float_parts(s, &parts) || !spelling_allowed(written, &parts))
		return (struct text){ 0 };
	struct buffer out;
	buffer_init(&out, arena, written.length + 3);
	if (minus)
		buffer_add_byte(&out, '-');
	if (parts.groups.length > 0)
		add_sexagesimal(&out, parts.whole, parts.groups);
	else
		add_decimal(&out, parts.whole);
	if (parts.fraction.length > 0)
		add_fraction(&out, parts.fraction);
	buffer_add(&out, parts.exponent);
	return buffer_text(&out);
}
