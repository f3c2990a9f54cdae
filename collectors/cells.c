/*
 * cells.c - see cells.h.
 *
 * Most cells are plain ASCII numbers: one look over the bytes says so and nothing
 * is copied. Only what is left is folded, taken apart and, when it is not a
 * number, told apart from its look-alikes so that the sentence helps.
 */
#include "collectors/cells.h"

#include "base/observation.h"

#include <string.h>
#include <strings.h>

enum { CELL_MAX_BYTES = 4096 }; /* of a number; longer is some text */

/* --- missing ------------------------------------------------------------------------ */

bool cell_missing(struct slice s)
{
	static const char *const words[] = { "x",  "X", "NA", "N/A", "n/a", "…",  "……", "...",
					     "..", "—", "——", "–",   "－",  "--", "---" };

	if (s.n == 0 || (s.n == 1 && s.p[0] == '-'))
		return true;
	if (s.n > 6 || (s.p[0] >= '0' && s.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(s, words[i]))
			return true;
	return false;
}

/* --- numbers ------------------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return true;
}

static bool same_word(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static int not_a_number(struct slice cell, struct err *e)
{
	char shown[TEXT_SHOWN];

	return err_set(e, ERR_INVALID, "%s is not a number", text_shown(cell, shown));
}

/* Says why a text that begins with no digit is no number. `s` is folded, `cell` as sent. */
static int look_alike(struct slice s, struct slice cell, struct err *e)
{
	static const char *const infinite[] = { "inf",       "+inf",      "-inf", "infinity",
						"-infinity", "+infinity", "∞" };
	char shown[TEXT_SHOWN];

	text_shown(cell, shown);
	if (same_word(s, "nan") || same_word(s, "+nan") || same_word(s, "-nan"))
		return err_set(e, ERR_INVALID, "%s is not a figure; a missing one is an empty cell",
			       shown);
	for (size_t i = 0; i < sizeof(infinite) / sizeof(infinite[0]); i++)
		if (same_word(s, infinite[i]))
			return err_set(e, ERR_INVALID, "%s is infinite, which no figure is", shown);
	if (s.n > 1 && s.p[0] == '#')
		return err_set(e, ERR_INVALID, "%s is an error of a spreadsheet formula", shown);
	return not_a_number(cell, e);
}

/* Length of the number `s` begins with, commas included; 0 when it begins with none. */
static size_t number_length(struct slice s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), digits = 0;

	for (; i < s.n && (is_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == ','); i++)
		digits += is_digit(s.p[i]);
	if (!digits)
		return 0;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		size_t j = i + 1;

		if (j < s.n && (s.p[j] == '-' || s.p[j] == '+'))
			j++;
		if (j < s.n && is_digit(s.p[j])) {
			while (j < s.n && is_digit(s.p[j]))
				j++;
			i = j;
		}
	}
	return i;
}

/* 1,234,567.8 to 1234567.8 in `a`. */
static int drop_commas(struct slice *s, struct slice cell, struct arena *a, struct err *e)
{
	char *out = arena_alloc(a, s->n + 1), shown[TEXT_SHOWN];
	size_t n = 0, run = 0;
	bool comma = false, fraction = false;

	if (!out)
		return err_set(e, ERR_MEMORY, "no memory for a number of %zu digits", s->n);
	for (size_t i = 0; i < s->n; i++) {
		char c = s->p[i];

		if (is_digit(c)) {
			run++;
		} else if (c == ',' || c == '.') {
			if (fraction || run == 0 || run > 3 || (comma && run != 3))
				goto wrong;
			fraction = c == '.';
			comma = true;
			run = 0;
		} else if (c == 'e' || c == 'E') {
			goto wrong;
		}
		if (c != ',')
			out[n++] = c;
	}
	if (!fraction && run != 3)
		goto wrong;
	*s = slice_of(out, n);
	return 0;
wrong:
	return err_set(e, ERR_INVALID, "%s: the commas do not part groups of three digits",
		       text_shown(cell, shown));
}

/* What is written as a minus: U+2212 or △ in front, or parentheses around; cut off, false when it
 * is none. In parentheses and behind △ stands a number without a sign of its own. */
static bool cut_minus(struct slice *s, bool *accountants)
{
	struct slice inside;

	*accountants = false;
	if (slice_starts(*s, "\u2212")) {
		*s = slice_skip(*s, 3);
		return true;
	}
	if (slice_starts(*s, "△"))
		inside = text_trim(slice_skip(*s, strlen("△")));
	else if (s->n > 2 && s->p[0] == '(' && s->p[s->n - 1] == ')')
		inside = text_trim(slice_of(s->p + 1, s->n - 2));
	else
		return false;
	if (!inside.n || !is_digit(inside.p[0]))
		return false;
	*accountants = true;
	*s = inside;
	return true;
}

static int put_minus(struct slice *number, struct arena *a, struct err *e)
{
	char *out = arena_alloc(a, number->n + 1);

	if (!out)
		return err_set(e, ERR_MEMORY, "no memory for a number of %zu digits", number->n);
	out[0] = '-';
	memcpy(out + 1, number->p, number->n);
	*number = slice_of(out, number->n + 1);
	return 0;
}

int cell_number(struct slice cell, struct arena *a, struct cell_number *out, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct slice s, rest;
	bool minus;
	size_t n;

	*out = (struct cell_number){ .number = cell };
	if (cell.n > CELL_MAX_BYTES)
		return not_a_number(cell, e);
	if (is_plain(cell))
		return 0;
	s = text_trim(text_fold_width(cell, a, &out->full_width));
	if (!s.p)
		return err_set(e, ERR_MEMORY, "no memory for a cell of %zu bytes", cell.n);
	minus = cut_minus(&s, &out->minus);
	n = number_length(s);
	if (!n)
		return look_alike(s, cell, e);
	rest = slice_skip(s, n);
	if (rest.n && (rest.p[0] == 'x' || rest.p[0] == 'X') && n == 1 && s.p[0] == '0')
		return err_set(e, ERR_INVALID, "%s is hexadecimal; figures are decimal",
			       text_shown(cell, shown));
	rest = text_trim(rest);
	if (rest.n && (is_digit(rest.p[0]) || number_length(rest)))
		return err_set(e, ERR_INVALID, "%s has blanks inside the number",
			       text_shown(cell, shown));
	out->number = slice_of(s.p, n);
	out->measure = rest;
	if (memchr(s.p, ',', n) && drop_commas(&out->number, cell, a, e) < 0)
		return -1;
	return minus ? put_minus(&out->number, a, e) : 0;
}

/* --- flags -------------------------------------------------------------------------- */

static const struct {
	const char *word;
	uint8_t flag;
} flag_words[] = {
	{ "p", FIGURE_PROVISIONAL },
	{ "provisional", FIGURE_PROVISIONAL },
	{ "preliminary", FIGURE_PROVISIONAL },
	{ "初步", FIGURE_PROVISIONAL },
	{ "初步数", FIGURE_PROVISIONAL },
	{ "初步核算", FIGURE_PROVISIONAL },
	{ "快报", FIGURE_PROVISIONAL },
	{ "r", FIGURE_REVISED },
	{ "revised", FIGURE_REVISED },
	{ "修订", FIGURE_REVISED },
	{ "修订数", FIGURE_REVISED },
	{ "e", FIGURE_ESTIMATED },
	{ "estimated", FIGURE_ESTIMATED },
	{ "estimate", FIGURE_ESTIMATED },
	{ "估计", FIGURE_ESTIMATED },
	{ "估算", FIGURE_ESTIMATED },
	/* SDMX's code for a missing value that is suppressed, Eurostat's for a confidential one */
	{ "q", FIGURE_SUPPRESSED },
	{ "c", FIGURE_SUPPRESSED },
	{ "suppressed", FIGURE_SUPPRESSED },
	{ "confidential", FIGURE_SUPPRESSED },
	{ "保密", FIGURE_SUPPRESSED },
	{ "涉密", FIGURE_SUPPRESSED },
	/* SDMX's code for an ordinary figure, and what offices write for it */
	{ "a", 0 },
	{ "final", 0 },
	{ "正式", 0 },
	{ "最终", 0 },
	{ "正常", 0 },
};

static int one_flag(struct slice word, uint8_t *flags, struct err *e)
{
	char shown[TEXT_SHOWN];

	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (same_word(word, flag_words[i].word)) {
			*flags |= flag_words[i].flag;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID,
		       "flag %s is not known; known are p (初步), r (修订), e (估计), c (保密)",
		       text_shown(word, shown));
}

struct slice cell_word(struct slice *rest)
{
	struct slice s = *rest;
	size_t n = 0;

	while (n < s.n && !strchr(" ,;/", s.p[n]) && !slice_starts(slice_skip(s, n), "、"))
		n++;
	*rest = slice_skip(s, n);
	if (rest->n)
		*rest = slice_skip(*rest, slice_starts(*rest, "、") ? 3 : 1);
	return slice_of(s.p, n);
}

int cell_flags(struct slice s, uint8_t *flags, struct err *e)
{
	if (cell_missing(s))
		return 0;
	while (s.n) {
		struct slice word = cell_word(&s);

		if (word.n && one_flag(word, flags, e) < 0)
			return -1;
	}
	return 0;
}
