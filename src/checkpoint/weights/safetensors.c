#include "checkpoint/weights/safetensors.h"

#include "checkpoint/weights/scanner.h"
#include "checkpoint/weights/weights.h"

#include <string.h>

static const struct tensor_dtype dtypes[] = {
	{ "BF16", 16, DTYPE_FLOAT },
	{ "F16", 16, DTYPE_FLOAT },
	{ "F32", 32, DTYPE_FLOAT },
	{ "F64", 64, DTYPE_FLOAT },
	{ "C64", 64, DTYPE_FLOAT },
	{ "F8_E4M3", 8, DTYPE_NARROW },
	{ "F8_E5M2", 8, DTYPE_NARROW },
	{ "F8_E4M3FNUZ", 8, DTYPE_NARROW },
	{ "F8_E5M2FNUZ", 8, DTYPE_NARROW },
	{ "F8_E8M0", 8, DTYPE_NARROW },
	{ "F6_E2M3", 6, DTYPE_NARROW },
	{ "F6_E3M2", 6, DTYPE_NARROW },
	{ "F4", 4, DTYPE_NARROW },
	{ "U8", 8, DTYPE_WHOLE },
	{ "I8", 8, DTYPE_WHOLE },
	{ "BOOL", 8, DTYPE_WHOLE },
	{ "U16", 16, DTYPE_WHOLE },
	{ "I16", 16, DTYPE_WHOLE },
	{ "U32", 32, DTYPE_WHOLE },
	{ "I32", 32, DTYPE_WHOLE },
	{ "U64", 64, DTYPE_WHOLE },
	{ "I64", 64, DTYPE_WHOLE },
};

static const struct tensor_dtype *dtype_find(struct text name)
{
	for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
		if (text_is(name, dtypes[i].name))
			return &dtypes[i];
	return NULL;
}

static bool add(struct tensors *tensors, const struct tensor *tensor)
{
	if (tensors->count == WEIGHTS_TENSORS_MAXIMUM)
		return false;
	if (tensors->count == tensors->capacity) {
		size_t capacity = tensors->capacity ? tensors->capacity * 2 : 256;
		struct tensor *list = ARENA_ARRAY(tensors->arena, struct tensor, capacity);
		if (!list)
			return false;
		if (tensors->count > 0)
			memcpy(list, tensors->list, tensors->count * sizeof(*list));
		tensors->list = list;
		tensors->capacity = capacity;
	}
	tensors->list[tensors->count++] = *tensor;
	return true;
}

static bool read_shape(struct scanner *scanner, struct tensor *tensor)
{
	tensor->elements = 1;
	if (!scan_open(scanner, '['))
		return false;
	while (scan_item(scanner, ']')) {
		uint64_t size;
		if (!scan_unsigned(scanner, &size) ||
			__builtin_mul_overflow(tensor->elements, size, &tensor->elements))
			return scan_fail(scanner, "a shape that is none");
		if (tensor->dimensions < TENSOR_DIMENSIONS_KEPT)
			tensor->shape[tensor->dimensions] =
				size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
		tensor->dimensions++;
	}
	return !scanner->fault;
}

static bool read_offsets(struct scanner *scanner, struct tensor *tensor, uint64_t data)
{
	uint64_t ends[2] = { 0, 0 };
	size_t count = 0;
	if (!scan_open(scanner, '['))
		return false;
	while (scan_item(scanner, ']'))
		if (count == 2 || !scan_unsigned(scanner, &ends[count++]))
			return scan_fail(scanner, "offsets that are none");
	if (scanner->fault)
		return false;
	if (count != 2 || ends[0] > ends[1])
		return scan_fail(scanner, "offsets that are none");
	if (ends[1] > data)
		return scan_fail(scanner, "the file ends before its tensors do");
	tensor->bytes = ends[1] - ends[0];
	return true;
}

static bool read_dtype(struct scanner *scanner, struct tensor *tensor)
{
	struct text name;
	if (!scan_string(scanner, &name))
		return false;
	tensor->dtype = dtype_find(name);
	return tensor->dtype || scan_fail(scanner, "a dtype that safetensors does not have");
}

/* The sizes must agree: a header that lies about them is of no use. */
static bool check_size(struct scanner *scanner, const struct tensor *tensor)
{
	uint64_t bits;
	bool fits =
		tensor->dtype &&
		!__builtin_mul_overflow(tensor->elements, (uint64_t)tensor->dtype->bits, &bits) &&
		bits / 8 + (bits % 8 != 0) == tensor->bytes;
	return fits || scan_fail(scanner, "a tensor whose shape and offsets disagree");
}

static bool read_tensor(struct scanner *scanner, struct tensor *tensor, uint64_t data)
{
	struct text key;
	if (!scan_open(scanner, '{'))
		return false;
	while (scan_key(scanner, &key)) {
		if (text_is(key, "dtype"))
			read_dtype(scanner, tensor);
		else if (text_is(key, "shape"))
			read_shape(scanner, tensor);
		else if (text_is(key, "data_offsets"))
			read_offsets(scanner, tensor, data);
		else
			scan_skip(scanner);
	}
	return !scanner->fault && check_size(scanner, tensor);
}

static const char *described(struct tensors *tensors, const struct scanner *scanner)
{
	if (!scanner->fault)
		return NULL;
	struct text clause = arena_printf(tensors->arena, "%s, near byte %zu of its JSON",
		scanner->fault, (size_t)(scanner->at - scanner->start));
	return clause.data;
}

static uint64_t little_endian(const char *bytes)
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* The JSON behind the length, or a clause that tells what is wrong with it. */
static const char *find_json(struct arena *arena, const struct shard *shard, struct text *ret_json)
{
	if (shard->size < 8 || shard->head.length < 8)
		return "shorter than the 8 bytes of its length";
	uint64_t length = little_endian(shard->head.data);
	if (length > shard->size - 8)
		return arena_printf(arena, "its header claims %llu bytes, and the file has %llu",
			(unsigned long long)length, (unsigned long long)shard->size)
			.data;
	if (length > WEIGHTS_HEADER_BYTES_MAXIMUM)
		return arena_printf(arena, "its header claims %llu bytes, more than %llu",
			(unsigned long long)length,
			(unsigned long long)WEIGHTS_HEADER_BYTES_MAXIMUM)
			.data;
	if (shard->head.length - 8 < length)
		return "cut short inside its header";
	*ret_json = (struct text){ shard->head.data + 8, (size_t)length };
	return NULL;
}

const char *safetensors_read(struct tensors *tensors, const struct shard *shard)
{
	struct text json, name;
	const char *fault = find_json(tensors->arena, shard, &json);
	if (fault)
		return fault;
	struct scanner scanner;
	scan_begin(&scanner, tensors->arena, json);
	scan_open(&scanner, '{');
	while (scan_key(&scanner, &name)) {
		struct tensor tensor = { .name = name };
		if (text_is(name, "__metadata__"))
			scan_skip(&scanner);
		else if (read_tensor(&scanner, &tensor, shard->size - 8 - json.length) &&
			 !add(tensors, &tensor))
			scan_fail(&scanner, "too many tensors");
	}
	scan_end(&scanner);
	return described(tensors, &scanner);
}

static void read_metadata(struct scanner *scanner, uint64_t *ret_total)
{
	struct text key;
	if (!scan_open(scanner, '{'))
		return;
	while (scan_key(scanner, &key))
		if (!text_is(key, "total_size") || !scan_try_unsigned(scanner, ret_total))
			scan_skip(scanner);
}

static void note_shard(struct index_shards *shards, struct text name)
{
	/* Tensors of one shard mostly follow each other. */
	if (shards->count > 0 && text_equal(shards->names[shards->count - 1], name))
		return;
	size_t mask = 2 * INDEX_SHARDS_MAXIMUM - 1, slot = text_hash(name) & mask;
	for (; shards->table[slot] != 0; slot = (slot + 1) & mask)
		if (text_equal(shards->names[shards->table[slot] - 1], name))
			return;
	shards->more |= shards->count == INDEX_SHARDS_MAXIMUM;
	if (shards->more)
		return;
	shards->names[shards->count++] = name;
	shards->table[slot] = (uint16_t)shards->count;
}

static void read_map(struct scanner *scanner, struct tensors *tensors, struct index_shards *shards)
{
	struct text name;
	if (!scan_open(scanner, '{'))
		return;
	while (scan_key(scanner, &name)) {
		struct tensor tensor = { .name = name };
		struct text file;
		if (!scan_string(scanner, &file))
			break;
		if (!add(tensors, &tensor))
			scan_fail(scanner, "too many tensors");
		note_shard(shards, file);
	}
}

const char *safetensors_index_read(struct tensors *tensors, struct text index,
	struct index_shards *shards, uint64_t *ret_total)
{
	struct scanner scanner;
	struct text key;
	bool mapped = false;
	*ret_total = 0;
	scan_begin(&scanner, tensors->arena, index);
	scan_open(&scanner, '{');
	while (scan_key(&scanner, &key)) {
		mapped |= text_is(key, "weight_map");
		if (text_is(key, "weight_map"))
			read_map(&scanner, tensors, shards);
		else if (text_is(key, "metadata"))
			read_metadata(&scanner, ret_total);
		else
			scan_skip(&scanner);
	}
	if (scan_end(&scanner) && !mapped)
		return "it has no weight_map, and transformers raises KeyError";
	return described(tensors, &scanner);
}
