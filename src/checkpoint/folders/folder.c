#include "checkpoint/folders/folder.h"

#include "checkpoint/weights/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that changes while it is read is read again, this often. */
#define ATTEMPTS 3
#define FAULTS_MAXIMUM 16
/* Of SHA-256, by which the hub names large files. */
#define HASH_DIGITS 64
/* Of a file; slow storage takes its time for each. */
#define PIECE ((size_t)1024 * 1024)

static struct text fixed_name(size_t i)
{
	if (i == FOLDER_CONFIG)
		return TEXT("config.json");
	if (i == FOLDER_INDEX)
		return TEXT("model.safetensors.index.json");
	return text_of(side_file_name((enum side_file)(i - FOLDER_SIDES)));
}

static bool is_shard(struct text name)
{
	return text_ends_with(name, ".safetensors") && !text_starts_with(name, ".") &&
	       !text_starts_with(name, "adapter") && !text_starts_with(name, "consolidated");
}

/* transformers' own names, where a folder also has others (a second copy, say). */
static bool is_usual(struct text name)
{
	return text_starts_with(name, "model");
}

static int by_name(const void *a, const void *b)
{
	const struct folder_file *x = a, *y = b;
	return text_compare(x->name, y->name);
}

/* transformers looks for it first: beside it nothing else is read, not even an index. */
static bool keep_single(struct folder *folder)
{
	for (size_t i = FOLDER_FIXED; i < folder->count; i++) {
		if (!text_is(folder->files[i].name, "model.safetensors"))
			continue;
		folder->files[FOLDER_FIXED] = folder->files[i];
		folder->files[FOLDER_INDEX].present = false;
		folder->count = FOLDER_FIXED + 1;
		folder->shards_left_out = false;
		return true;
	}
	return false;
}

static void keep_usual(struct folder *folder)
{
	size_t kept = FOLDER_FIXED;
	for (size_t i = FOLDER_FIXED; i < folder->count; i++)
		if (is_usual(folder->files[i].name))
			folder->files[kept++] = folder->files[i];
	if (kept > FOLDER_FIXED)
		folder->count = kept;
	qsort(folder->files + FOLDER_FIXED, folder->count - FOLDER_FIXED, sizeof(folder->files[0]),
		by_name);
}

/* Where a file of that name has its place; NULL when nobody asks for it. */
static struct folder_file *file_for(struct folder *folder, struct arena *arena, struct text name)
{
	for (size_t i = 0; i < FOLDER_FIXED; i++)
		if (text_equal(name, folder->files[i].name))
			return &folder->files[i];
	if (!is_shard(name))
		return NULL;
	if (folder->count == FOLDER_FIXED + FOLDER_SHARDS_MAXIMUM) {
		folder->shards_left_out = true;
		return NULL;
	}
	struct folder_file *file = &folder->files[folder->count++];
	file->name = arena_copy(arena, name);
	return file;
}

/* "../../blobs/" and 64 hexadecimal digits */
static bool is_hashed_blob(void *listing, const char *name)
{
	static const struct text blobs = TEXT("../../blobs/");
	char room[128];
	struct text target = beneath_link(listing, name, room, sizeof(room));
	if (target.length != blobs.length + HASH_DIGITS || !text_starts_with(target, blobs.data))
		return false;
	for (size_t i = blobs.length; i < target.length; i++)
		if (!strchr("0123456789abcdef", target.data[i]))
			return false;
	return true;
}

static int survey(struct folder *folder, struct arena *arena, struct text path, void *listing)
{
	folder->files =
		ARENA_ARRAY(arena, struct folder_file, FOLDER_FIXED + FOLDER_SHARDS_MAXIMUM);
	if (!folder->files)
		return -ENOMEM;
	for (size_t i = 0; i < FOLDER_FIXED; i++)
		folder->files[i].name = fixed_name(i);
	int error;
	for (const char *name; (name = beneath_next(listing, &error));) {
		struct folder_file *file = file_for(folder, arena, text_of(name));
		if (!file)
			continue;
		file->present = true;
		file->immutable = is_shard(file->name) && is_hashed_blob(listing, name);
	}
	if (error != 0)
		return error;
	if (!keep_single(folder))
		keep_usual(folder);
	for (size_t i = 0; i < folder->count; i++)
		folder->files[i].path = arena_printf(arena, "%.*s/%.*s", TEXT_ARGUMENTS(path),
			TEXT_ARGUMENTS(folder->files[i].name));
	return arena_failed(arena) ? -ENOMEM : 0;
}

int folder_survey(struct folder *folder, struct arena *arena, int root, struct text path,
	const struct folder_limits *limits)
{
	*folder = (struct folder){ .count = FOLDER_FIXED };
	path = arena_copy(arena, path.length > 0 ? path : TEXT("."));
	int opened = beneath_folder(root, path.data, limits->way);
	if (opened < 0)
		return opened;
	identity_of_folder(opened, &folder->identity);
	void *listing = beneath_list(opened);
	if (!listing)
		return -ENOMEM;
	int error = survey(folder, arena, path, listing);
	beneath_list_end(listing);
	return error;
}

/* Why not; what the system lacks for the moment is no fault of the files, and fails the arena. */
static const char *clause(struct arena *arena, int error)
{
	if (beneath_starved(error))
		arena_fail(arena);
	switch (error) {
	case -ENOENT:
		return "it is a link to nothing";
	case -EXDEV:
		return "a link is absolute, or leads out of the model root";
	case -ELOOP:
	case -ENOTDIR:
		return "a link stands in its way";
	case -EINVAL:
	case -ENXIO:
		return "it is no regular file";
	case -EACCES:
	case -EPERM:
		return "permission denied";
	case -EFBIG:
		return "it is too large";
	case -EAGAIN:
		return "it changes while it is read";
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "it cannot be read";
	}
}

/* Up to `length` bytes from the start; less when the file has shrunk. */
static ssize_t read_start(int file, char *data, size_t length, const struct folder_limits *limits)
{
	size_t got = 0;
	while (got < length) {
		size_t piece = length - got < PIECE ? length - got : PIECE;
		ssize_t more = pread(file, data + got, piece, (off_t)got);
		limits->progress(limits->context);
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -errno;
		if (more == 0)
			break;
		got += (size_t)more;
	}
	return (ssize_t)got;
}

static int read_opened(int file, const struct identity *before, struct arena *arena,
	const struct folder_limits *limits, size_t limit, struct text *ret_bytes)
{
	struct identity after;
	if (before->size > limit)
		return -EFBIG;
	char *data = arena_take(arena, (size_t)before->size + 1);
	if (!data)
		return -ENOMEM;
	ssize_t got = read_start(file, data, (size_t)before->size, limits);
	if (got < 0)
		return (int)got;
	int error = identity_of(file, &after);
	if (error == 0 && ((size_t)got != before->size || !identity_equal(before, &after)))
		error = -EAGAIN;
	*ret_bytes = (struct text){ data, (size_t)got };
	return error;
}

static int read_file(struct folder_file *file, struct arena *arena, int root,
	const struct folder_limits *limits, size_t limit, struct text *ret_bytes)
{
	int error = -EAGAIN;
	for (int i = 0; i < ATTEMPTS && error == -EAGAIN; i++) {
		int opened = beneath_file(root, file->path.data, limits->way, &file->identity);
		if (opened < 0)
			return opened;
		error = read_opened(opened, &file->identity, arena, limits, limit, ret_bytes);
		close(opened);
	}
	if (error != 0)
		*ret_bytes = (struct text){ 0 };
	return error;
}

/* The length, and as much of the JSON as it claims; weights.c judges what is there. */
static int read_head(int file, struct arena *arena, uint64_t size,
	const struct folder_limits *limits, size_t *left, struct text *ret_head)
{
	unsigned char length[8];
	uint64_t json = 0;
	ssize_t got = read_start(file, (char *)length, sizeof(length), limits);
	if (got < 0)
		return (int)got;
	for (int i = 7; i >= 0 && got == 8; i--)
		json = json << 8 | length[i];
	if (size < 8 || json > size - 8 || json > WEIGHTS_HEADER_BYTES_MAXIMUM)
		json = 0;
	if (json + 8 > *left)
		return -EFBIG;
	char *data = arena_take(arena, (size_t)json + 8);
	if (!data)
		return -ENOMEM;
	*left -= (size_t)json + 8;
	got = read_start(file, data, (size_t)json + 8, limits);
	*ret_head = (struct text){ data, got > 0 ? (size_t)got : 0 };
	return got < 0 ? (int)got : 0;
}

static int read_shard(struct folder_file *file, struct arena *arena, int root,
	const struct folder_limits *limits, size_t *left, struct shard *shard)
{
	int opened = beneath_file(root, file->path.data, limits->way, &file->identity);
	if (opened < 0)
		return opened;
	shard->name = file->name;
	shard->size = file->identity.size;
	int error = read_head(opened, arena, shard->size, limits, left, &shard->head);
	close(opened);
	return error;
}

struct reading {
	struct folder *folder;
	struct arena *arena;
	int root;
	const struct folder_limits *limits;
	struct checkpoint_files *files;
	struct file_fault *faults;
};

static void note_fault(struct reading *reading, const struct folder_file *file, int error)
{
	const char *why = clause(reading->arena, error);
	if (reading->files->fault_count < FAULTS_MAXIMUM)
		reading->faults[reading->files->fault_count++] =
			(struct file_fault){ .name = file->name, .detail = text_of(why) };
}

static void read_shards(struct reading *reading)
{
	struct folder *folder = reading->folder;
	struct checkpoint_files *files = reading->files;
	size_t left = reading->limits->head_bytes;
	struct shard *shards = ARENA_ARRAY(reading->arena, struct shard, folder->count);
	if (!shards)
		return;
	files->shards = shards;
	files->shards_incomplete = folder->shards_left_out;
	for (size_t i = FOLDER_FIXED; i < folder->count; i++) {
		struct folder_file *file = &folder->files[i];
		int error = read_shard(file, reading->arena, reading->root, reading->limits, &left,
			&shards[files->shard_count]);
		if (error == 0) {
			files->shard_count++;
			continue;
		}
		note_fault(reading, file, error);
		files->shards_incomplete = true;
	}
}

static int read_fixed(struct reading *reading, size_t i, size_t limit, struct text *ret_bytes)
{
	struct folder_file *file = &reading->folder->files[i];
	*ret_bytes = (struct text){ 0 };
	return read_file(file, reading->arena, reading->root, reading->limits, limit, ret_bytes);
}

const char *folder_read(struct folder *folder, struct arena *arena, int root,
	const struct folder_limits *limits, struct checkpoint_files *ret_files)
{
	*ret_files = (struct checkpoint_files){ 0 };
	struct reading reading = { folder, arena, root, limits, ret_files, NULL };
	reading.faults = ARENA_ARRAY(arena, struct file_fault, FAULTS_MAXIMUM);
	if (!reading.faults)
		return clause(arena, -ENOMEM);
	ret_files->faults = reading.faults;
	int error = read_fixed(&reading, FOLDER_CONFIG, limits->file_bytes, &ret_files->config);
	if (error != 0)
		return clause(arena, error);
	for (size_t i = FOLDER_SIDES; i < FOLDER_FIXED; i++) {
		bool index = i == FOLDER_INDEX;
		struct text *bytes = index ? &ret_files->index : &ret_files->side[i - FOLDER_SIDES];
		if (!folder->files[i].present)
			continue;
		error = read_fixed(
			&reading, i, index ? limits->index_bytes : limits->file_bytes, bytes);
		if (error != 0)
			note_fault(&reading, &folder->files[i], error);
	}
	read_shards(&reading);
	return NULL;
}
