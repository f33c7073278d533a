/* Writes quantconf-rules(7) from the rule table: `make manual` keeps it in man/. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "resolve/registry.h"

/* Text for roff: nothing in it is a request or an escape; what stands in backticks is bold. */
static void put_text(const char *text)
{
	bool bold = false, line_begins = true;
	for (const char *c = text; *c; c++) {
		if (line_begins && (*c == '.' || *c == '\''))
			fputs("\\&", stdout);
		line_begins = *c == '\n';
		if (*c == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", stdout);
		} else if (*c == '\\') {
			fputs("\\e", stdout);
		} else if (*c == '-') {
			fputs("\\-", stdout);
		} else {
			putchar(*c);
		}
	}
	fputs(bold ? "\\fR\n" : "\n", stdout);
}

static void put_severities(const struct rule *rule)
{
	printf("Stage %s;", stage_name(rule->stage));
	for (int i = 0; i < TARGET_COUNT; i++) {
		const char *name = severity_name(rule->severity[i]);
		printf(" %s for %s%s", name ? name : "nothing", target_name((enum target)i),
			i + 1 < TARGET_COUNT ? "," : ".\n");
	}
}

/* One line of an example; of a very long one the beginning. */
static void put_line(struct text line)
{
	char copy[128];
	bool longer = line.length > 100;
	snprintf(copy, sizeof(copy), "%.*s%s", longer ? 100 : (int)line.length, line.data,
		longer ? "..." : "");
	if (copy[0] == '\0')
		puts("\\&");
	else
		put_text(copy);
}

static void put_example(const char *title, const char *config)
{
	struct text rest = text_of(config);
	if (!config)
		return;
	printf(".PP\n%s\n.PP\n.RS 4\n.nf\n", title);
	if (utf8_first_fault(rest) < rest.length) {
		puts("(bytes that are no UTF\\-8)");
		rest.length = 0;
	}
	while (rest.length > 0) {
		size_t width = strcspn(rest.data, "\n");
		put_line((struct text){ .data = rest.data, .length = width });
		rest = text_from(rest, width + 1);
	}
	fputs(".fi\n.RE\n", stdout);
}

static void put_rule(const struct rule *rule)
{
	fputs(".SS ", stdout);
	put_text(rule->id);
	put_text(rule->summary);
	put_severities(rule);
	fputs(".PP\n", stdout);
	put_text(rule->why);
	fputs(".PP\n", stdout);
	put_text(rule->remedy);
	put_example("This raises it:", rule->bad);
	put_example("This does not:", rule->good);
}

static const char head[] =
	".\\\" Made by man/rules_page from the rule table: change that one.\n"
	".TH QUANTCONF\\-RULES 7 2026-11-25 \"quantconf\" \"quantconf\"\n"
	".SH NAME\nquantconf\\-rules \\- what quantconf finds in training configs and checkpoints\n"
	".SH DESCRIPTION\n"
	"Every finding of\n.BR quantconf (1)\nand\n.BR quantconfd (8)\n"
	"is raised by one of the rules below, and named by its id. Errors reject the config; warnings tell of "
	"something that would run, but not as written; notes are worth knowing. The stage tells who would "
	"meet the fault first: the reader of the text (syntax), the checks of single keys (schema), the "
	"checks of keys against each other (validation), or the loading of the model (load).\n"
	".SH RULES\n";

int main(void)
{
	fputs(head, stdout);
	for (size_t i = 0; i < registry_count(); i++)
		put_rule(registry_at(i));
	fputs(".SH SEE ALSO\n.BR quantconf (1),\n.BR quantconf\\-dialects (7),\n.BR quantconfd (8)\n",
		stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
