/*
 * relabel_config.c - `metric_relabel_configs:` to rules; see relabel.h.
 *
 * Which keys an action needs and which it may not have is Prometheus' table.
 */
#include "collectors/relabel.h"

#include "base/regex_replace.h"
#include "base/text.h"

static const struct yaml_choice actions[] = {
	{ "replace", RELABEL_REPLACE },     { "keep", RELABEL_KEEP },
	{ "drop", RELABEL_DROP },           { "keepequal", RELABEL_KEEPEQUAL },
	{ "dropequal", RELABEL_DROPEQUAL }, { "hashmod", RELABEL_HASHMOD },
	{ "labelmap", RELABEL_LABELMAP },   { "labeldrop", RELABEL_LABELDROP },
	{ "labelkeep", RELABEL_LABELKEEP }, { "lowercase", RELABEL_LOWERCASE },
	{ "uppercase", RELABEL_UPPERCASE }, { NULL, 0 },
};

#define AT(member) offsetof(struct relabel_rule, member)
static const struct yaml_field fields[] = {
	{ "source_labels", YAML_STRINGS, AT(source_labels),
	  .help = "labels whose values are joined" },
	{ "separator", YAML_STRING, AT(separator), .help = "between them" },
	{ "regex", YAML_STRING, AT(regex), .help = "must match all of what is joined" },
	{ "target_label", YAML_STRING, AT(target_label), .help = "label that is written" },
	{ "replacement", YAML_STRING, AT(replacement),
	  .help = "what is written, with $1 for groups" },
	{ "modulus", YAML_INT, AT(modulus), .min = 1, .max = 9007199254740992.0,
	  .help = "of hashmod" },
	{ "action", YAML_ENUM, AT(action), .choices = actions, .help = "what is done" },
	{ NULL },
};
#undef AT

static const char *action_name(int action)
{
	for (size_t i = 0; actions[i].name; i++)
		if (actions[i].value == action)
			return actions[i].name;
	return "";
}

static void not_with(const struct yaml_node *entry, const char *const *keys, int action,
		     struct diags *d)
{
	for (; *keys; keys++)
		if (yaml_get(entry, *keys))
			yaml_complain(yaml_get(entry, *keys), d, "action %s has no '%s'",
				      action_name(action), *keys);
}

static void need(const struct yaml_node *entry, const char *key, int action, struct diags *d)
{
	const struct yaml_node *at = yaml_get(entry, key);

	if (!at || (at->type == YAML_SCALAR && !at->text.n))
		yaml_complain(at ? at : entry, d, "action %s needs '%s'", action_name(action), key);
}

static void check_keys(const struct yaml_node *entry, const struct relabel_rule *r, struct diags *d)
{
	static const char *const equal[] = { "separator", "regex", "replacement", "modulus", NULL };
	static const char *const names[] = { "source_labels", "separator", "target_label",
					     "replacement",   "modulus",   NULL };

	switch ((enum relabel_action)r->action) {
	case RELABEL_REPLACE:
	case RELABEL_LOWERCASE:
	case RELABEL_UPPERCASE:
		need(entry, "target_label", r->action, d);
		break;
	case RELABEL_HASHMOD:
		need(entry, "target_label", r->action, d);
		need(entry, "modulus", r->action, d);
		break;
	case RELABEL_KEEPEQUAL:
	case RELABEL_DROPEQUAL:
		need(entry, "target_label", r->action, d);
		not_with(entry, equal, r->action, d);
		break;
	case RELABEL_LABELDROP:
	case RELABEL_LABELKEEP:
		not_with(entry, names, r->action, d);
		break;
	case RELABEL_KEEP:
	case RELABEL_DROP:
	case RELABEL_LABELMAP:
		break;
	}
}

static void check_regex(const struct yaml_node *entry, const struct relabel_rule *r,
			struct diags *d)
{
	const struct yaml_node *at = yaml_get(entry, "regex");
	struct regex_replace *re;
	struct err e;

	re = regex_replace_new(slice_str(r->regex), &e);
	if (!re)
		yaml_complain(at ? at : entry, d, "%s", e.text);
	regex_replace_free(re);
}

static void read_rule(const struct yaml_node *entry, struct relabel_rule *r, struct arena *a,
		      struct diags *d)
{
	*r = (struct relabel_rule){ .action = RELABEL_REPLACE,
				    .separator = ";",
				    .regex = "(.*)",
				    .replacement = "$1",
				    .modulus = 1 };
	if (entry->type != YAML_MAP) {
		yaml_complain(entry, d,
			      "a rule is a map of keys such as 'source_labels' and 'action'");
		return;
	}
	if (yaml_fill(entry, fields, r, a, d) < 0)
		return;
	check_keys(entry, r, d);
	check_regex(entry, r, d);
}

int relabel_rules_read(const struct yaml_node *list, struct arena *a, struct diags *d,
		       struct relabel_rule **out, size_t *n)
{
	const struct yaml_node *entry;

	*out = NULL;
	*n = 0;
	if (list->type == YAML_SCALAR && !list->text.n)
		return 0; /* the key with nothing behind it */
	if (list->type != YAML_LIST || list->n > RELABEL_RULES_MAX) {
		yaml_complain(list, d, "'metric_relabel_configs' is a list of at most %d rules",
			      RELABEL_RULES_MAX);
		return 0;
	}
	*out = arena_array(a, list->n ? list->n : 1, sizeof(**out));
	if (!*out)
		return -1;
	for (entry = list->child; entry; entry = entry->next)
		read_rule(entry, &(*out)[(*n)++], a, d);
	return 0;
}
