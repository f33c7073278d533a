#include "chaos/models.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYERS 4

const char *const models_names[] = { "plain", "org/name", "absent", "no/snapshot", "bad/reference",
	NULL };

static char base[64];

static const char config[] =
	"{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\",\n"
	" \"torch_dtype\": \"bfloat16\", \"hidden_size\": 64, \"num_hidden_layers\": 4,\n"
	" \"quantization_config\": {\"quant_method\": \"compressed-tensors\",\n"
	"  \"format\": \"pack-quantized\", \"unheard_of\": 1.5e3,\n"
	"  \"config_groups\": {\"group_0\": {\"targets\": [\"Linear\"], \"weights\":\n"
	"   {\"num_bits\": 4, \"type\": \"int\", \"group_size\": 128, \"symmetric\": true}}},\n"
	"  \"ignore\": [\"lm_head\", \"re:.*self_attn.*\", \"re:(?:(.)(?=.*))*zz\", \"re:(a\",\n"
	"   \"model.layers.3.mlp.up_proj\", \"re:.*layers.[02].mlp.*\", \"nothing.there\"]}}";

static const char gptq[] =
	"{\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128,\n"
	" \"dynamic\": {\"-:.*down.*\": {}, \"+:.*up.*\": {\"bits\": 8}}}}";

static void add_tensor(
	struct buffer *json, const char *name, int layer, const char *dtype, size_t *at)
{
	size_t bytes = 64 * 64 * (strcmp(dtype, "BF16") == 0 ? 2 : 4);
	buffer_printf(json, "%s\"model.layers.%d.%s\":{\"dtype\":\"%s\",\"shape\":[64,64],",
		json->length > 9 ? "," : "", layer, name, dtype);
	buffer_printf(json, "\"data_offsets\":[%zu,%zu]}", *at, *at + bytes);
	*at += bytes;
}

/* A shard's head: the length in eight bytes, then the JSON; `ret_size` is the whole file's. */
static struct text head(struct arena *arena, int first, int last, uint64_t *ret_size)
{
	struct buffer json;
	size_t at = 0;
	buffer_init(&json, arena, 0);
	buffer_add_repeated(&json, '\0', 8);
	buffer_add_byte(&json, '{');
	for (int layer = first; layer < last; layer++) {
		add_tensor(&json, "self_attn.q_proj.weight", layer, "BF16", &at);
		add_tensor(&json, "mlp.up_proj.weight_packed", layer, "I32", &at);
		add_tensor(&json, "mlp.up_proj.weight_scale", layer, "BF16", &at);
		add_tensor(&json, "mlp.down_proj.weight", layer, "BF16", &at);
	}
	buffer_add_byte(&json, '}');
	for (int i = 0; i < 8; i++)
		json.data[i] = (char)(unsigned char)((json.length - 8) >> 8 * i);
	*ret_size = json.length + at;
	return buffer_text(&json);
}

static struct text index_of_shards(struct arena *arena)
{
	struct buffer json;
	buffer_init(&json, arena, 0);
	buffer_add_string(&json, "{\"metadata\":{\"total_size\":458752},\"weight_map\":{");
	for (int layer = 0; layer < LAYERS; layer++)
		buffer_printf(&json,
			"%s\"model.layers.%d.mlp.down_proj.weight\":\"model-%d.safetensors\"",
			layer > 0 ? "," : "", layer, layer / 2 + 1);
	buffer_add_string(&json, "}}");
	return buffer_text(&json);
}

struct checkpoint_files models_files(struct arena *arena)
{
	struct shard *shards = ARENA_ARRAY(arena, struct shard, 2);
	struct checkpoint_files files = {
		.config = text_of(config),
		.index = index_of_shards(arena),
		.shards = shards,
		.shard_count = 2,
	};
	for (int i = 0; i < 2; i++) {
		shards[i].name = arena_printf(arena, "model-%d.safetensors", i + 1);
		shards[i].head = head(arena, i * LAYERS / 2, (i + 1) * LAYERS / 2, &shards[i].size);
	}
	return files;
}

const char *models_path(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", base, name).data;
}

static bool make_parents(char *path)
{
	for (char *slash = path + strlen(base) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
		*slash = '/';
		if (!made)
			return false;
	}
	return true;
}

/* A file of `size` bytes, of which the first are `contents`. */
static bool put(struct arena *arena, const char *name, struct text contents, uint64_t size)
{
	char *path = (char *)models_path(arena, name);
	int file = make_parents(path) ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
	bool done = file >= 0 &&
		    write(file, contents.data, contents.length) == (ssize_t)contents.length &&
		    ftruncate(file, (off_t)size) == 0;
	if (file >= 0)
		close(file);
	return done;
}

bool models_put(struct arena *arena, const char *name, struct text contents)
{
	return put(arena, name, contents, contents.length);
}

static bool put_string(struct arena *arena, const char *name, const char *contents)
{
	return put(arena, name, text_of(contents), strlen(contents));
}

static bool put_link(struct arena *arena, const char *name, const char *target)
{
	char *path = (char *)models_path(arena, name);
	return make_parents(path) && symlink(target, path) == 0;
}

static bool put_plain(struct arena *arena)
{
	struct checkpoint_files files = models_files(arena);
	bool done = put(arena, "models/plain/config.json", files.config, files.config.length) &&
		    put(arena, "models/plain/model.safetensors.index.json", files.index,
			    files.index.length);
	for (size_t i = 0; done && i < files.shard_count; i++) {
		const struct shard *shard = &files.shards[i];
		struct text name =
			arena_printf(arena, "models/plain/%.*s", TEXT_ARGUMENTS(shard->name));
		done = put(arena, name.data, shard->head, shard->size);
	}
	return done;
}

#define CACHED "cache/models--org--name"

bool models_make(struct arena *arena)
{
	snprintf(base, sizeof(base), "/tmp/quantconf-chaos-XXXXXX");
	return mkdtemp(base) && put_plain(arena) && put_string(arena, CACHED "/blobs/aaaa", gptq) &&
	       put_string(arena, CACHED "/refs/main", MODELS_COMMIT "\n") &&
	       put_link(arena, CACHED "/snapshots/" MODELS_COMMIT "/config.json",
		       "../../blobs/aaaa") &&
	       put_string(arena, "cache/models--no--snapshot/refs/main", MODELS_COMMIT) &&
	       put_string(arena, "cache/models--bad--reference/refs/main", "../../etc");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

void models_remove(void)
{
	if (base[0] != '\0')
		nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
