#include "resolve/edits.h"
#include "source/lines.h"

#include <stdlib.h>
#include <string.h>

static const char *line_end_of(struct text source)
{
	static const char *const ends[] = { "\r\n", "\r", "\n", "\xc2\x85", "\xe2\x80\xa8",
		"\xe2\x80\xa9" };
	size_t at = 0;
	while (at < source.length && line_end_length(source, at) == 0)
		at++;
	for (size_t i = 0; at < source.length && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (text_starts_with(text_from(source, at), ends[i]))
			return ends[i];
	return "\n";
}

/* Columns by which the first nested block mapping is indented, 2 when there is none. */
static unsigned step_of(const struct node *root)
{
	for (uint32_t i = 0; root && i < root->count; i++) {
		const struct member *member = &root->members[i];
		const struct node *value = member->value;
		if (member->via != VIA_DIRECT || value->kind != NODE_MAPPING || value->flow ||
			value->count == 0)
			continue;
		uint32_t outer = member->key_span.start.column;
		uint32_t inner = value->members[0].key_span.start.column;
		if (inner > outer && inner - outer <= 8)
			return inner - outer;
	}
	return 2;
}

static int compare_places(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	if (mark_before(a->key_span.start, b->key_span.start))
		return -1;
	return mark_before(b->key_span.start, a->key_span.start);
}

static int compare_mappings(const void *left, const void *right)
{
	const struct replaced_entry *a = left, *b = right;
	uintptr_t one = (uintptr_t)a->item->mapping, other = (uintptr_t)b->item->mapping;
	return (one > other) - (one < other);
}

/* Those of one mapping side by side, so that each mapping finds its own without a walk over all. */
static void group_replaced(struct layout *layout, const struct replaced *list)
{
	size_t count = 0;
	for (const struct replaced *item = list; item; item = item->next)
		count++;
	if (count == 0)
		return;
	layout->replaced = ARENA_ARRAY(layout->arena, struct replaced_entry, count);
	for (; layout->replaced && list; list = list->next)
		layout->replaced[layout->replaced_count++] =
			(struct replaced_entry){ .item = list };
	if (layout->replaced)
		qsort(layout->replaced, count, sizeof(*layout->replaced), compare_mappings);
}

static size_t first_replaced(const struct layout *layout, const struct node *mapping)
{
	const struct replaced item = { .mapping = mapping };
	const struct replaced_entry wanted = { .item = &item };
	size_t low = 0, high = layout->replaced_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_mappings(&layout->replaced[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t behind_replaced(const struct layout *layout, const struct node *mapping, size_t at)
{
	while (at < layout->replaced_count && layout->replaced[at].item->mapping == mapping)
		at++;
	return at;
}

/* Merged entries come first in the tree, wherever the `<<` stood. */
static bool in_order(const struct node *mapping)
{
	for (uint32_t i = 0; i < mapping->count; i++)
		if (mapping->members[i].via == VIA_MERGE)
			return false;
	return true;
}

static const struct node *put_in_order(
	const struct layout *layout, const struct node *mapping, size_t first, size_t end)
{
	struct node *all = node_mapping(layout->arena, mapping->count + (end - first));
	for (size_t i = first; all && i < end; i++)
		node_put_member(all, &layout->replaced[i].item->member);
	for (uint32_t i = 0; all && i < mapping->count; i++)
		node_put_member(all, &mapping->members[i]);
	if (!all)
		return NULL;
	qsort(all->members, all->count, sizeof(struct member), compare_places);
	all->flow = mapping->flow;
	all->span = mapping->span;
	return all;
}

static const struct node *merged_as_written(const struct layout *layout, const struct node *mapping)
{
	struct layout_memory *memory = layout->memory;
	if (in_order(mapping))
		return mapping;
	if (memory->merged != mapping)
		memory->merged_as_written = put_in_order(layout, mapping, 0, 0);
	memory->merged = mapping;
	return memory->merged_as_written;
}

const struct node *layout_as_written(const struct layout *layout, const struct node *mapping)
{
	size_t first = first_replaced(layout, mapping);
	bool replaced =
		first < layout->replaced_count && layout->replaced[first].item->mapping == mapping;
	if (mapping->kind != NODE_MAPPING)
		return mapping;
	if (!replaced)
		return merged_as_written(layout, mapping);
	struct replaced_entry *kept = &layout->replaced[first];
	if (!kept->written)
		kept->written = put_in_order(
			layout, mapping, first, behind_replaced(layout, mapping, first));
	return kept->written;
}

const struct member *layout_top(const struct layout *layout, struct mark mark)
{
	const struct node *root = layout->root;
	for (uint32_t i = 0; i < root->count; i++) {
		struct span span = member_span(&root->members[i]);
		if (!mark_before(mark, span.start) && mark_before(mark, span.end))
			return &root->members[i];
	}
	return NULL;
}

bool layout_is_repeated(const struct layout *layout, const struct member *top)
{
	struct span span = member_span(top);
	size_t same = 0;
	for (uint32_t i = 0; i < layout->root->count; i++)
		same += text_equal(layout->root->members[i].key, top->key);
	if (same > 1)
		return true;
	for (size_t i = 0; i < layout->replaced_count; i++) {
		struct mark mark = layout->replaced[i].item->member.key_span.start;
		if (!mark_before(mark, span.start) && mark_before(mark, span.end))
			return true;
	}
	return false;
}

struct layout layout_of(
	struct arena *arena, const struct document *document, const struct lines *lines)
{
	const struct node *root = document->root;
	struct layout layout = {
		.arena = arena,
		.source = document->bytes,
		.lines = lines,
		.memory = ARENA_NEW(arena, struct layout_memory),
		.newline = line_end_of(document->bytes),
		.step = step_of(root),
	};
	group_replaced(&layout, document->replaced);
	layout.root = layout.memory ? layout_as_written(&layout, root) : NULL;
	if (root->flow && root->count > 0) {
		struct text key = layout_slice(&layout, root->members[0].key_span);
		layout.json = text_starts_with(key, "\"");
	}
	return layout;
}

size_t layout_offset(const struct layout *layout, struct mark mark)
{
	return lines_offset(layout->lines, mark);
}

struct text layout_slice(const struct layout *layout, struct span span)
{
	size_t from = layout_offset(layout, span.start);
	size_t to = layout_offset(layout, span.end);
	return (struct text){ layout->source.data + from, to > from ? to - from : 0 };
}

size_t layout_line_start(const struct layout *layout, size_t offset)
{
	uint32_t line = lines_mark(layout->lines, offset).line;
	return line < layout->lines->count ? layout->lines->starts[line] : 0;
}

size_t layout_line_end(const struct layout *layout, size_t offset)
{
	uint32_t next = lines_mark(layout->lines, offset).line + 1;
	return next < layout->lines->count ? layout->lines->starts[next] : layout->source.length;
}

size_t layout_skip_blank_lines(const struct layout *layout, size_t offset)
{
	while (offset < layout->source.length) {
		size_t end = layout_line_end(layout, offset);
		struct text line = { layout->source.data + offset, end - offset };
		if (text_trim(line).length > 0)
			break;
		offset = end;
	}
	return offset;
}

size_t layout_blanks_at(const struct layout *layout, size_t offset)
{
	size_t end = offset;
	while (end < layout->source.length && layout->source.data[end] == ' ')
		end++;
	return end - offset;
}

size_t layout_indentation(const struct layout *layout, const struct member *member)
{
	size_t key = layout_offset(layout, member->key_span.start);
	return layout_blanks_at(layout, layout_line_start(layout, key));
}

size_t layout_root_column(const struct layout *layout)
{
	const struct node *root = layout->root;
	return root->flow || root->count == 0 ? root->span.start.column
					      : layout_indentation(layout, &root->members[0]);
}

bool layout_line_ended(const struct layout *layout, size_t offset)
{
	struct mark mark = lines_mark(layout->lines, offset);
	return mark.column == 0 && mark.line > 0;
}

static bool has_digit(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] >= '0' && text.data[i] <= '9')
			return true;
	return false;
}

/* Of a block scalar's first line that is not blank, by which its indentation is found; 0 when there is none. */
static size_t first_indentation(const struct layout *layout, struct span span)
{
	size_t end = layout_offset(layout, span.end);
	size_t line = layout_skip_blank_lines(
		layout, layout_line_end(layout, layout_offset(layout, span.start)));
	size_t at = line;
	while (at < end && layout->source.data[at] == ' ')
		at++;
	return at < end ? at - line : 0;
}

struct gap layout_gap_of(const struct layout *layout, const struct node *value)
{
	struct text text = layout_slice(layout, value->span);
	bool collection = value->kind == NODE_MAPPING || value->kind == NODE_SEQUENCE;
	if (collection && (value->flow || value->count == 0))
		return NO_GAP;
	if (value->kind == NODE_MAPPING) {
		const struct node *written = layout_as_written(layout, value);
		return written ? layout_gap_behind(layout, &written->members[written->count - 1])
			       : NO_GAP;
	}
	if (value->kind == NODE_SEQUENCE)
		return layout_gap_of(layout, value->items[value->count - 1]);
	if (!value->quoted || !(text_starts_with(text, "|") || text_starts_with(text, ">")))
		return NO_GAP;
	size_t header = 1;
	while (header < text.length && strchr("123456789+-", text.data[header]))
		header++;
	struct text indicators = { text.data, header };
	return (struct gap){
		.scalar = true,
		.kept = text_contains(indicators, "+"),
		.column = has_digit(indicators) ? 0 : first_indentation(layout, value->span),
	};
}

struct gap layout_gap_behind(const struct layout *layout, const struct member *member)
{
	return member->via == VIA_DIRECT ? layout_gap_of(layout, member->value) : NO_GAP;
}

bool layout_adjoins(const struct layout *layout, const struct node *mapping, uint32_t entry)
{
	const struct member *member = &mapping->members[entry];
	if (entry + 1 == mapping->count || member->via == VIA_MERGE)
		return true;
	struct mark next = mapping->members[entry + 1].key_span.start;
	size_t from = layout_line_end(layout, layout_offset(layout, member_span(member).end));
	size_t to = layout_line_start(layout, layout_offset(layout, next));
	struct text between = { layout->source.data + from, to > from ? to - from : 0 };
	return text_trim(between).length == 0;
}

/* An asterisk in a string or a comment counts, too: then anchors are kept without need. */
static bool has_aliases(const struct layout *layout)
{
	struct layout_memory *memory = layout->memory;
	if (!memory->looked_for_aliases)
		memory->has_aliases = memchr(layout->source.data, '*', layout->source.length);
	memory->looked_for_aliases = true;
	return memory->has_aliases;
}

static bool has_property(const struct layout *layout, struct span span)
{
	struct text text = layout_slice(layout, span);
	return text_starts_with(text, "!") ||
	       (text_starts_with(text, "&") && (has_aliases(layout) || text_contains(text, " !")));
}

static bool node_has_properties(const struct layout *layout, const struct node *node)
{
	if (has_property(layout, node->span))
		return true;
	for (uint32_t i = 0; node->kind == NODE_SEQUENCE && i < node->count; i++)
		if (node_has_properties(layout, node->items[i]))
			return true;
	if (node->kind != NODE_MAPPING)
		return false;
	const struct node *written = layout_as_written(layout, node);
	for (uint32_t i = 0; written && i < written->count; i++)
		if (layout_has_properties(layout, &written->members[i]))
			return true;
	return false;
}

/* What is merged in place could hold anchors that the tree no longer shows. */
static bool merges_in_place(const struct layout *layout, const struct member *member)
{
	return member->via == VIA_MERGE &&
	       !text_starts_with(layout_slice(layout, member->value_span), "*");
}

bool layout_has_properties(const struct layout *layout, const struct member *member)
{
	if (member->via != VIA_DIRECT)
		return merges_in_place(layout, member);
	return has_property(layout, member->key_span) || node_has_properties(layout, member->value);
}

struct text layout_properties_path(const struct layout *layout, const struct member *member)
{
	struct text path = member->key;
	while (!has_property(layout, member->key_span) &&
		!has_property(layout, member->value->span)) {
		const struct node *written = member->value->kind == NODE_MAPPING
						     ? layout_as_written(layout, member->value)
						     : NULL;
		uint32_t i = 0;
		while (written && i < written->count &&
			!layout_has_properties(layout, &written->members[i]))
			i++;
		if (!written || i == written->count)
			break;
		member = &written->members[i];
		path = arena_printf(layout->arena, "%.*s.%.*s", TEXT_ARGUMENTS(path),
			TEXT_ARGUMENTS(member->key));
		if (member->via != VIA_DIRECT)
			break;
	}
	return path;
}

bool layout_is_shared(const struct layout *layout, const struct member *top)
{
	struct layout_memory *memory = layout->memory;
	if (memory->top != top)
		memory->top_is_shared =
			top->via != VIA_DIRECT || layout_has_properties(layout, top);
	memory->top = top;
	return memory->top_is_shared;
}
