/* Writes quantconf-rules(7) from the rule table: `make manual` keeps it in man/. */
#include <stdio.h>

#include "resolve/registry.h"
#include "roff.h"

static void put_severities(const struct rule *rule)
{
	printf("Stage %s;", stage_name(rule->stage));
	for (int i = 0; i < TARGET_COUNT; i++) {
		const char *name = severity_name(rule->severity[i]);
		printf(" %s for %s%s", name ? name : "nothing", target_name((enum target)i),
			i + 1 < TARGET_COUNT ? "," : ".\n");
	}
}

static void put_example(const char *title, const char *config)
{
	if (!config)
		return;
	printf(".PP\n%s\n", title);
	roff_example(config);
}

static void put_rule(const struct rule *rule)
{
	fputs(".SS ", stdout);
	roff_text(rule->id);
	roff_text(rule->summary);
	put_severities(rule);
	fputs(".PP\n", stdout);
	roff_text(rule->why);
	fputs(".PP\n", stdout);
	roff_text(rule_advice(rule));
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
