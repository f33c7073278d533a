/* Every real file, in place below QUANTCONF_CORPUS, reads as its index says. */
#include "checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096

static struct text slurp(const char *path)
{
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file, "%s", path);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *data = arena_alloc(&arena, (size_t)size + 1);
	ck_assert_uint_eq(fread(data, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	return (struct text){ data, (size_t)size };
}

static struct text field(const char *line, int number)
{
	while (number-- > 0 && (line = strchr(line, '\t')))
		line++;
	return line ? (struct text){ line, strcspn(line, "\t\n") } : text_of("");
}

static void assert_place(struct text where, const struct checkpoint *checkpoint, struct text name)
{
	const char *found = checkpoint->found_in ? checkpoint->found_in : "";
	if (text_is(where, "text_config"))
		ck_assert_str_eq(found, "text_config.quantization_config");
	else if (text_is(where, "quantization"))
		ck_assert_str_eq(found, "hf_quant_config.json");
	else if (text_is(where, "compression_config"))
		ck_assert_str_eq(found, "compression_config");
	else if (text_is(where, "top") && !text_contains(name, "null-quantization"))
		ck_assert_msg(strcmp(found, "quantization_config") == 0, "%.*s: %s",
			TEXT_ARGUMENTS(name), found);
	else
		ck_assert_msg(
			strcmp(found, "quantization_config") != 0, "%.*s", TEXT_ARGUMENTS(name));
}

static void read_row(const char *folder, const char *line)
{
	struct text name = field(line, 0), method = field(line, 1), where = field(line, 4);
	struct text path =
		arena_printf(&arena, "%s/checkpoints/%.*s", folder, TEXT_ARGUMENTS(name));
	const struct checkpoint *checkpoint =
		checkpoint_inspect(&arena, slurp(path.data), NULL, &limits);
	ck_assert_ptr_nonnull(checkpoint);
	ck_assert_uint_eq(faults(checkpoint, CHECKPOINT_UNREADABLE), 0);
	bool named = method.length > 0 && method.data[0] != '(';
	if (named)
		ck_assert_msg(text_equal(checkpoint->quant_method, method), "%.*s: %.*s",
			TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(checkpoint->quant_method));
	else
		assert_text(checkpoint->quant_method, "");
	assert_place(where, checkpoint, name);
	/* Only what nobody's catalogue has stays without a family. */
	if (checkpoint->quantized && !text_contains(name, "unknown-method"))
		ck_assert_msg(checkpoint->method, "%.*s", TEXT_ARGUMENTS(name));
	arena_reset(&arena);
}

START_TEST(real_files_read_as_indexed)
{
	const char *folder = getenv("QUANTCONF_CORPUS");
	char line[LINE_BYTES], index[LINE_BYTES];
	size_t rows = 0;
	if (!folder)
		return;
	snprintf(index, sizeof(index), "%s/checkpoints/INDEX.tsv", folder);
	FILE *file = fopen(index, "r");
	ck_assert_msg(file, "%s", index);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	for (; fgets(line, sizeof(line), file); rows++)
		read_row(folder, line);
	fclose(file);
	ck_assert_uint_gt(rows, 100);
}
END_TEST

TCase *case_corpus(void)
{
	TCase *tcase = make_case("corpus");
	tcase_add_test(tcase, real_files_read_as_indexed);
	return tcase;
}
