/*
 * load_releases.c - release rules of a catalogue: when figures are due.
 */
#include "base/file.h"
#include "base/text.h"
#include "catalogue/load.h"
#include "catalogue/release_dates.h"

#include <stdio.h>

enum { DUE_DAYS_MAX = 120 };

static const struct yaml_choice rolls[] = {
	{ "none", ROLL_NONE }, { "next", ROLL_NEXT }, { "previous", ROLL_PREVIOUS }, { NULL, 0 }
};

struct release_row {
	const char *id, *time, *dates_file;
	int freq, roll;
	int64_t working_day, day, grace;
	bool january;
	const struct yaml_node *dates;
};

static const struct yaml_field release_fields[] = {
	{ "id", YAML_STRING, offsetof(struct release_row, id), .required = true },
	{ "freq", YAML_ENUM, offsetof(struct release_row, freq), .required = true,
	  .choices = load_freqs },
	{ "working_day", YAML_INT, offsetof(struct release_row, working_day), .min = 1,
	  .max = DUE_DAYS_MAX, .help = "the n-th working day after the period" },
	{ "day", YAML_INT, offsetof(struct release_row, day), .min = 1, .max = 31,
	  .help = "or this day of the month after" },
	{ "roll", YAML_ENUM, offsetof(struct release_row, roll), .choices = rolls,
	  .help = "of a `day` that is not worked" },
	{ "time", YAML_STRING, offsetof(struct release_row, time), .help = "of that day, 17:00" },
	{ "grace_working_days", YAML_INT, offsetof(struct release_row, grace), .min = 0,
	  .max = DUE_DAYS_MAX },
	{ "january", YAML_BOOL, offsetof(struct release_row, january),
	  .help = "false: January is not collected, February covers both" },
	{ "dates", YAML_NODE, offsetof(struct release_row, dates),
	  .help = "due times of single periods: {2026-09: 2026-10-18}" },
	{ "dates_file", YAML_STRING, offsetof(struct release_row, dates_file),
	  .help = "the same as CSV: period,date,time" },
	{ NULL },
};

static void check_release(struct loader *l, const struct yaml_node *map,
			  const struct release_row *row)
{
	bool working = yaml_get(map, "working_day"), day = yaml_get(map, "day");

	if (working && day)
		yaml_complain(yaml_get(map, "day"), l->d,
			      "both 'working_day' and 'day': leave one out");
	if (!working && !day && !row->dates && !row->dates_file)
		yaml_complain(map, l->d,
			      "needs 'working_day' (the n-th after the period), 'day' "
			      "(of the month after), or a list: 'dates' or 'dates_file'");
	if (day && row->freq == FREQ_DAY)
		yaml_complain(yaml_get(map, "day"), l->d,
			      "a daily figure is due by 'working_day', not by 'day'");
	if (!day && yaml_get(map, "roll"))
		yaml_complain(yaml_get(map, "roll"), l->d,
			      "'roll' moves a 'day' of the month, which is not there");
	if (!row->january && row->freq && row->freq != FREQ_MONTH)
		yaml_complain(yaml_get(map, "january"), l->d,
			      "'january' is for monthly rules (freq: M)");
}

/* --- the list ----------------------------------------------------------------------- */

static void read_dates_map(struct loader *l, struct release_dates *r, const struct yaml_node *map)
{
	if (map->type != YAML_MAP) {
		yaml_complain(map, l->d, "expected periods with dates: {2026-09: 2026-10-18}");
		return;
	}
	for (const struct yaml_node *at = map->child; at; at = at->next) {
		if (at->type != YAML_SCALAR) {
			yaml_complain(at, l->d,
				      "expected a day, or a day and time: 2026-11-15T10:00");
			continue;
		}
		release_dates_add(r, at->key->text, at->text, slice_str(""),
				  (struct place){ at->file, at->line, at->column });
	}
}

/* Beside the catalogue's file, unless the path is absolute. */
static const char *path_beside(struct loader *l, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (*path == '/' || !slash)
		return path;
	return arena_printf(&l->scratch, "%.*s/%s", (int)(slash - file), file, path);
}

static void read_dates_file(struct loader *l, struct release_dates *r, const struct yaml_node *at,
			    const char *name)
{
	const char *path = path_beside(l, at->file, name);
	struct err e = { 0 };
	struct buf body;

	if (!path) {
		l->no_memory = true;
		return;
	}
	buf_init(&body, RELEASE_FILE_MAX_BYTES + 2 * FILE_PIECE_BYTES);
	if (file_read(path, RELEASE_FILE_MAX_BYTES, &body, &e) < 0) {
		yaml_complain(at, l->d, "%s: %s", path, e.text);
	} else if (body.n > RELEASE_FILE_MAX_BYTES) {
		yaml_complain(at, l->d, "%s is longer than %d KiB", path,
			      RELEASE_FILE_MAX_BYTES >> 10);
	} else {
		struct slice all = buf_all(&body);

		l->c->version = hash_seeded(all.p, all.n, l->c->version);
		release_dates_read_csv(r, all, path);
	}
	buf_release(&body);
}

static void check_january(struct loader *l, const struct release_dates *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].at.period.last_month == 1)
			diag_add(l->d, r->list[i].place.file, r->list[i].place.line,
				 r->list[i].place.column,
				 "January is in the list, and 'january: false' says that it is "
				 "not collected");
}

static void read_dates(struct loader *l, const struct yaml_node *map, const struct release_row *row,
		       struct release_rule *out)
{
	struct release_dates r = { .freq = out->freq,
				   .minute = out->due_minute < 0 ? 0 : out->due_minute,
				   .arena = &l->scratch,
				   .d = l->d };
	struct release_date *list;

	if (row->dates)
		read_dates_map(l, &r, row->dates);
	if (row->dates_file)
		read_dates_file(l, &r, yaml_get(map, "dates_file"), row->dates_file);
	release_dates_check(&r);
	if (!row->january)
		check_january(l, &r);
	list = load_array(l, r.n, sizeof(*list));
	if (!list || r.no_memory) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < r.n; i++)
		list[i] = r.list[i].at;
	out->dates = list;
	out->ndates = r.n;
}

/* --- the rule ------------------------------------------------------------------------ */

static const struct release_rule *rule_called(const struct loader *l, const char *id)
{
	for (size_t i = 0; i < l->nrules; i++) {
		if (strcmp(l->rules[i]->id, id) == 0)
			return l->rules[i];
	}
	return NULL;
}

static struct release_rule rule_of(struct loader *l, const struct yaml_node *map,
				   const struct release_row *row)
{
	const struct release_rule *usual = release_default((enum freq)row->freq);
	struct release_rule r = {
		.id = load_keep(l, row->id),
		.freq = (enum freq)row->freq,
		.working_day = row->day ? 0 : (int)row->working_day,
		.day = (int)row->day,
		.roll = (enum roll)row->roll,
		.due_minute = minute_of(slice_str(row->time)),
		.grace_working_days = yaml_get(map, "grace_working_days")
					      ? (int)row->grace
					      : usual->grace_working_days,
		.january = row->january,
	};

	if (r.due_minute < 0)
		yaml_complain(load_at(map, "time"), l->d,
			      "'%s' is not a time of the day such as 17:00", row->time);
	if (!r.working_day && !r.day) {
		r.working_day = usual->working_day;
		r.gaps = true;
	}
	return r;
}

static void read_release(struct loader *l, const struct yaml_node *map)
{
	struct release_row row = { .time = "17:00", .january = true };
	struct release_rule *r = load_array(l, 1, sizeof(*r));

	yaml_fill(map, release_fields, &row, &l->scratch, l->d);
	check_release(l, map, &row);
	if (!r)
		return;
	*r = rule_of(l, map, &row);
	if (r->freq != FREQ_NONE && (row.dates || row.dates_file))
		read_dates(l, map, &row, r);
	if (!row.id)
		return;
	if (rule_called(l, row.id)) {
		yaml_complain(load_at(map, "id"), l->d, "there is a release rule '%s' already",
			      row.id);
		return;
	}
	l->rules[l->nrules++] = r;
}

void load_releases(struct loader *l)
{
	l->rules = arena_array(&l->scratch, l->releases.n + 1, sizeof(struct release_rule *));
	if (!l->rules) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < l->releases.n; i++)
		read_release(l, l->releases.list[i]);
}
