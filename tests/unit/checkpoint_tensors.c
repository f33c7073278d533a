#include "checkpoint_tensors.h"

#include "base/buffer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct shard shard_of(const char *json, uint64_t data)
{
	size_t length = strlen(json);
	char *bytes = arena_alloc(&arena, length + 8);
	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(length >> (8 * i));
	memcpy(bytes + 8, json, length);
	return (struct shard){ .name = TEXT("model.safetensors"),
		.head = { bytes, length + 8 },
		.size = length + 8 + data };
}

struct checkpoint *with_files(
	const char *config, const struct shard *shards, size_t count, const char *index)
{
	struct checkpoint_files files = {
		.config = text_of(config), .shards = shards, .shard_count = count
	};
	if (index)
		files.index = text_of(index);
	struct checkpoint *checkpoint = checkpoint_inspect_files(&arena, &files, &limits);
	ck_assert_ptr_nonnull(checkpoint);
	return checkpoint;
}

struct checkpoint *with_header(const char *config, const char *json, uint64_t data)
{
	struct shard shard = shard_of(json, data);
	return with_files(config, &shard, 1, NULL);
}

/* In bits. */
static uint64_t width_of(struct text dtype)
{
	static const char *const bytes[] = { "U8", "I8", "BOOL" };
	static const char *const words[] = { "I32", "U32", "F32" };
	static const char *const longs[] = { "I64", "U64", "F64" };
	for (size_t i = 0; i < 3; i++) {
		if (text_is(dtype, bytes[i]))
			return 8;
		if (text_is(dtype, words[i]))
			return 32;
		if (text_is(dtype, longs[i]))
			return 64;
	}
	return text_starts_with(dtype, "F8") ? 8 : 16;
}

struct word {
	struct text name, dtype, shape;
};

/* Moves behind the next tensor; false at the end. */
static bool next_tensor(const char **at, struct word *ret_word)
{
	size_t length = strcspn(*at, ";");
	struct text all = { *at, length };
	if (length == 0)
		return false;
	const char *first = memchr(all.data, ' ', length);
	ck_assert_ptr_nonnull(first);
	const char *second = memchr(first + 1, ' ', length - (size_t)(first + 1 - all.data));
	ck_assert_msg(second, "no shape in %s", *at);
	ret_word->name = (struct text){ all.data, (size_t)(first - all.data) };
	ret_word->dtype = (struct text){ first + 1, (size_t)(second - first - 1) };
	ret_word->shape = text_from(all, (size_t)(second + 1 - all.data));
	*at += length + ((*at)[length] == ';');
	return true;
}

static uint64_t elements_of(struct text shape)
{
	uint64_t elements = 1;
	for (size_t i = 0; i < shape.length;) {
		char *end;
		elements *= strtoull(shape.data + i, &end, 10);
		i = (size_t)(end - shape.data) + 1;
	}
	return elements;
}

struct checkpoint *with_tensors(const char *config, const char *tensors)
{
	struct buffer json;
	struct word word;
	uint64_t data = 0;
	buffer_init(&json, &arena, 1024);
	buffer_add_byte(&json, '{');
	for (const char *at = tensors; next_tensor(&at, &word);) {
		uint64_t bytes = elements_of(word.shape) * width_of(word.dtype) / 8;
		buffer_printf(&json,
			"%s\"%.*s\":{\"dtype\":\"%.*s\",\"shape\":[%.*s],\"data_offsets\":[%llu,%llu]}",
			json.length > 1 ? "," : "", TEXT_ARGUMENTS(word.name),
			TEXT_ARGUMENTS(word.dtype), TEXT_ARGUMENTS(word.shape),
			(unsigned long long)data, (unsigned long long)(data + bytes));
		data += bytes;
	}
	buffer_add(&json, TEXT("}\0"));
	return with_header(config, buffer_text(&json).data, data);
}

const char *tensors_named(const char *prefix, const char *tensors)
{
	struct buffer out;
	struct word word;
	buffer_init(&out, &arena, 1024);
	for (const char *at = tensors; next_tensor(&at, &word);)
		buffer_printf(&out, "%s%.*s %.*s %.*s;", prefix, TEXT_ARGUMENTS(word.name),
			TEXT_ARGUMENTS(word.dtype), TEXT_ARGUMENTS(word.shape));
	buffer_add_byte(&out, '\0');
	return buffer_text(&out).data;
}

struct checkpoint *with_names(const char *config, const char *tensors)
{
	struct buffer json;
	struct word word;
	buffer_init(&json, &arena, 1024);
	buffer_add_string(&json, "{\"weight_map\":{");
	for (const char *at = tensors; next_tensor(&at, &word);)
		buffer_printf(&json, "%s\"%.*s\":\"a.safetensors\"",
			json.data[json.length - 1] == '{' ? "" : ",", TEXT_ARGUMENTS(word.name));
	buffer_add(&json, TEXT("}}\0"));
	return with_files(config, NULL, 0, buffer_text(&json).data);
}
