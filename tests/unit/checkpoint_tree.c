/* Trees of model folders in a temporary place. */
#include "checkpoint_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

void make_base(void)
{
	snprintf(base, sizeof(base), "/tmp/quantconf-roots-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
}

void remove_base(void)
{
	nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *below(const char *path)
{
	return arena_printf(&arena, "%s/%s", base, path).data;
}

/* With the folders on its way. */
void put(const char *path, const char *contents)
{
	char *whole = (char *)below(path);
	for (char *slash = whole + strlen(base) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		ck_assert(mkdir(whole, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *file = fopen(whole, "wb");
	ck_assert_msg(file, "%s", whole);
	fputs(contents, file);
	fclose(file);
}

void put_link(const char *path, const char *target)
{
	put(path, "");
	ck_assert_int_eq(unlink(below(path)), 0);
	ck_assert_int_eq(symlink(target, below(path)), 0);
}

const char mxfp4[] = "{\"quantization_config\":{\"quant_method\":\"mxfp4\"}}";
const char gptq[] = "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}}";

struct roots *open_roots(enum root_kind kind, const char *path, bool walk)
{
	struct roots_limits mine = roots_limits_default;
	struct root_path root = { kind, below(path) };
	mine.walk = walk;
	struct roots *roots = roots_new(&root, 1, &mine);
	ck_assert_ptr_nonnull(roots);
	return roots;
}

struct roots_answer look(struct roots *roots, const char *model)
{
	return roots_look_up(roots, &arena, text_of(model), text_of(""));
}

void assert_method(const struct roots_answer *answer, const char *name)
{
	ck_assert_msg(answer->status == ROOTS_FOUND, "%d: %.*s", answer->status,
		TEXT_ARGUMENTS(answer->detail));
	assert_text(answer->checkpoint->quant_method, name);
}

void put_cache(void)
{
	put("c/models--org--name/blobs/aaaa", mxfp4);
	put("c/models--org--name/refs/main", COMMIT "\n");
	put("c/models--org--name/refs/pr/1", COMMIT);
	put_link("c/models--org--name/snapshots/" COMMIT "/config.json", "../../blobs/aaaa");
}

static const char header[] = "\x4a\0\0\0\0\0\0\0{\"lm_head.weight\":{\"dtype\":\"BF16\","
			     "\"shape\":[2,2],\"data_offsets\":[0,8]}}        12345678";

void put_shard(const char *path, size_t bytes)
{
	put(path, "");
	int file = open(below(path), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(file, header, bytes), (ssize_t)bytes);
	close(file);
}
