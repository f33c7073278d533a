/*
 * The table of quantization methods for people, docs/methods.md, from the table that the program
 * itself goes by. With --print it writes the page to standard output (`make docs`); without, it
 * fails when the page in the source folder is not what it would write.
 */
#include "checkpoint/declaration/fields.h"
#include "checkpoint/weights/storage_layouts.h"
#include "resolve/backends.h"
#include "runner/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
	"# Quantization methods of checkpoints\n\n"
	"Made by `make docs` from src/checkpoint/declaration/methods.c; edit that, not this.\n\n"
	"`quant_method` is looked up as transformers does it, exactly; bitsandbytes it finds by `load_in_4bit` "
	"and `load_in_8bit` instead. The other spellings are recognised, too, with "
	"warning `quant-method-unknown` where transformers would skip them.\n\n"
	"| method | what it is | transformers' class | read by | trains under an adapter | may be overridden while "
	"loading | says what stays as it is | other spellings |\n"
	"|---|---|---|---|---|---|---|---|\n";

static const char estimate_head[] =
	"\n## The estimate of the weights' bytes\n\n"
	"With the headers of a model's safetensors at hand, a reply has `checkpoint.estimate`: the bytes of the base "
	"weights as they would be loaded, by role. A module that the request quantizes takes\n\n"
	"    weights x bits / 8 + scales x bits a scale / 8\n\n"
	"and everything else its elements in the dtype in which the config loads them: 16 bits, or 32 where neither "
	"`bf16` nor `fp16` is on. A checkpoint's own packed weights take what they take in the files; with "
	"`dequantize: true` 16 bits each.\n\n"
	"A request quantizes linear modules: matrices that are no norms, embeddings or routers; lm_head neither, unless a "
	"list of other modules is given (`llm_int8_skip_modules`, `modules_to_not_convert`), whose names are looked up as "
	"transformers does it. Experts that are one parameter a layer, or that transformers 5 makes one of "
	"(src/checkpoint/declaration/architectures.c), are no linear modules: of them bnb and torchao quantize nothing, "
	"`quantize_moe_experts` all, `fp8` all, `mxfp4` those of gpt_oss. Conv1D, of which GPT-2 and its "
	"kin are made, is known to bnb alone. torchao's int4 passes modules by whose inputs its group does not divide.\n\n"
	"It is the weights only, without optimizer, activations and adapters.\n\n"
	"| request | bits | weights a scale | bits a scale |\n"
	"|---|---|---|---|\n";

static const char values_head[] =
	"\n## Values of blocks\n\n"
	"Where the block is given to transformers' class and it raises on anything else, that is error "
	"`checkpoint-block-refused`; elsewhere warning `checkpoint-value-odd`. torchao's record of a class and its fields "
	"(`quant_type`) is read strictly by torchao itself: what its releases up to 0.19 raise on is a warning, too, since a "
	"later or an older one may read it.\n\n"
	"| method | key | values | anything else |\n"
	"|---|---|---|---|\n";

static const char layouts_head[] =
	"\n## How weights are stored\n\n"
	"With a model's index or the headers of its safetensors at hand (of `model.safetensors` alone where it is there: "
	"transformers takes it before an index), the tensors of each module are held against "
	"this table, from above, to tell whether they are what the block declares (else warning "
	"`checkpoint-weights-disagree`) and to count weights singly. Parts are the ends of the tensors' names. Where no block "
	"stands and all modules of a role (attention, MLP, experts) are packed in one of these layouts, the checkpoint counts as "
	"quantized all the same, and a request for quantization over it is an error; a bare cast to 8-bit floats is none.\n\n"
	"| layout | weights | dtypes | shape | beside | without | scales | families | written by | source |\n"
	"|---|---|---|---|---|---|---|---|---|---|\n";

static void values_add(struct arena *arena, struct buffer *out)
{
	for (size_t i = 0; i < field_row_count; i++) {
		const struct field *field = &field_rows[i];
		const struct method_row *row = method_find(field->method);
		if (!field->takes || !row)
			continue;
		bool raises = field->otherwise == refused;
		buffer_printf(out, "| `%s` | `%s` | %s | %s%s |\n", row->name, field->path,
			limit_words(arena, field->takes), raises ? row->config_class : "",
			raises ? " raises" : field->otherwise);
	}
}

static void list_add(struct buffer *out, bool *first, const char *mark, const char *word)
{
	buffer_printf(out, "%s%s%s%s", *first ? "" : ", ", mark, word, mark);
	*first = false;
}

static void engines_add(struct buffer *out, unsigned engines)
{
	bool first = true;
	for (unsigned i = 0; i < ENGINE_COUNT; i++)
		if (engines & 1u << i)
			list_add(out, &first, "", engine_name((enum engine)i));
	buffer_add(out, TEXT(" | "));
}

static void exclusions_add(struct buffer *out, const struct method_row *row)
{
	bool first = true;
	for (size_t i = 0; i < METHOD_EXCLUSIONS && row->exclusions[i].path; i++)
		list_add(out, &first, "`",
			*row->exclusions[i].path ? row->exclusions[i].path : "NAME: false");
	buffer_add(out, TEXT(" | "));
}

static void row_add(struct buffer *out, const struct method_row *row)
{
	static const char *const trainable[] = { "no", "yes", "depends on the block" };
	bool first = true;
	buffer_printf(out, "| `%s` | %s | ", row->name, row->summary);
	buffer_printf(out, "%s | ", row->config_class ? row->config_class : "");
	engines_add(out, row->known_to);
	buffer_printf(out, "%s | ",
		row->trainable == TRAINABLE_UNKNOWN ? "unknown" : trainable[row->trainable]);
	for (size_t i = 0; i < METHOD_OVERRIDABLE && row->overridable[i]; i++)
		list_add(out, &first, "`", row->overridable[i]);
	buffer_add(out, TEXT(" | "));
	exclusions_add(out, row);
	first = true;
	for (size_t i = 0; i < METHOD_SPELLINGS && row->spellings[i].name; i++)
		list_add(out, &first, "`", row->spellings[i].name);
	buffer_add(out, TEXT(" |\n"));
}

static void parts_add(struct buffer *out, uint64_t parts)
{
	bool first = true;
	for (int part = 0; part < PART_COUNT; part++)
		if (parts & (uint64_t)1 << part)
			list_add(out, &first, "`", tensor_part_ending((enum tensor_part)part));
	buffer_add(out, TEXT(" | "));
}

static void layout_add(struct buffer *out, const struct storage_layout *layout)
{
	bool first = true;
	buffer_printf(out, "| %s | `%s` | %s | %s | ", layout->name,
		tensor_part_ending(layout->weights), layout->dtypes, layout->shape);
	parts_add(out, layout->beside);
	parts_add(out, layout->lacks);
	buffer_printf(out, "%s", layout->scale_dtypes ? layout->scale_dtypes : "");
	if (layout->group > 0)
		buffer_printf(out, ", for %u weights each", layout->group);
	buffer_printf(out, " | %s | ", layout->families);
	for (const enum method *method = layout->methods; *method; method++)
		if (method_find(*method))
			list_add(out, &first, "`", method_find(*method)->name);
	buffer_printf(out, " | %s |\n", layout->source);
}

static void installed_add(struct buffer *out, enum backend backend)
{
	for (int dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		const struct installed_row *row = installed_find(backend, (enum dtype)dtype);
		if (!row)
			continue;
		const char *name = dtype_names[dtype];
		buffer_printf(out, "| %s%s%s | %s | ", backends[backend].name, name ? " " : "",
			name ? name : "", row->bits);
		if (row->scale_rows > 1)
			buffer_printf(out, "%u x %u | %g |\n", row->scale_rows, row->scale_columns,
				row->scale_bits);
		else if (row->scale_columns)
			buffer_printf(out, "%u%s | %g |\n", row->scale_columns,
				row->group_size_argument ? ", or group_size" : "", row->scale_bits);
		else
			buffer_add(out, TEXT("not counted | |\n"));
	}
}

static struct text page_make(struct arena *arena)
{
	struct buffer out;
	buffer_init(&out, arena, 65536);
	buffer_add(&out, text_of(head));
	for (size_t i = 0; i < method_row_count; i++)
		row_add(&out, &method_rows[i]);
	buffer_add(&out, text_of(values_head));
	values_add(arena, &out);
	buffer_add(&out, text_of(layouts_head));
	for (size_t i = 0; i < storage_layout_count; i++)
		layout_add(&out, &storage_layouts[i]);
	buffer_add(&out, text_of(estimate_head));
	for (int backend = 0; backend < BACKEND_COUNT; backend++)
		installed_add(&out, (enum backend)backend);
	return buffer_text(&out);
}

static int page_check(struct arena *arena, struct text page)
{
	struct tally tally = { .name = "methods.md" };
	const char *source = getenv("srcdir");
	const char *path = path_join(arena, source ? source : ".", "docs/methods.md");
	struct text kept = TEXT("");
	bool same = file_read(arena, path, &kept) && text_equal(kept, page);
	tally_check(&tally, same, "%s is not what the tables say: run `make docs`", path);
	return tally_finish(&tally);
}

int main(int argc, char **argv)
{
	struct arena arena;
	arena_init(&arena, TEST_MEMORY);
	struct text page = page_make(&arena);
	int status = EXIT_SUCCESS;
	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		fwrite(page.data, 1, page.length, stdout);
	else
		status = page_check(&arena, page);
	arena_release(&arena);
	return status;
}
