/* withheld.c - see withheld.h. */
#include "collectors/withheld.h"

#include "base/observation.h"
#include "collectors/cells.h"

#include <string.h>
#include <strings.h>

/* SDMX' code list CL_CONF_STATUS 1.3, the words of Chinese documents, and plain English. Of E, an
 * embargo, nothing says here when it ends: a later message has the figure as free. */
static const struct {
	const char *word;
	bool withheld;
} words[] = {
	{ "f", false },
	{ "free", false },
	{ "public", false },
	{ "公开", false },
	{ "a", true }, /* too few units */
	{ "c", true }, /* confidential */
	{ "d", true }, /* secondary, set by the sender */
	{ "e", true }, /* until an embargo ends */
	{ "g", true }, /* one or two units dominate */
	{ "m", true }, /* another measure of concentration */
	{ "n", true }, /* not for publication */
	{ "o", true }, /* one unit dominates */
	{ "s", true }, /* secondary, set by the receiver */
	{ "t", true }, /* two units dominate */
	{ "x", true }, /* military */
	{ "confidential", true },
	{ "secret", true },
	{ "suppressed", true },
	{ "内部", true },
	{ "秘密", true },
	{ "机密", true },
	{ "绝密", true },
	{ "保密", true },
	{ "涉密", true },
};

bool mark_withholds(const struct layout *l, struct slice cell)
{
	for (size_t i = 0; i < l->nsuppressed; i++)
		if (slice_is(cell, l->suppressed[i]))
			return true;
	/* Nearly all cells are numbers. */
	if (!cell.n || (unsigned char)cell.p[0] < 0x80)
		return false;
	return slice_is(cell, "保密") || slice_is(cell, "涉密");
}

static int one_word(struct slice word, bool *withheld, struct err *e)
{
	char shown[TEXT_SHOWN];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (word.n != strlen(words[i].word) ||
		    strncasecmp(word.p, words[i].word, word.n) != 0)
			continue;
		*withheld |= words[i].withheld;
		return 0;
	}
	return err_set(
		e, ERR_INVALID,
		"confidentiality %s is not known; known are F (公开), and C, N, S and the other "
		"codes of SDMX, 内部, 秘密, 机密, 绝密, 保密, 涉密",
		text_shown(word, shown));
}

int confidentiality_read(struct slice s, bool *withheld, struct err *e)
{
	*withheld = false;
	while (s.n) {
		struct slice word = cell_word(&s);

		if (word.n && one_word(word, withheld, e) < 0)
			return -1;
	}
	return 0;
}

bool fact_withholds(const struct fact *f)
{
	uint8_t flags = 0;
	bool withheld = false;

	if (f->text[AXIS_FLAG].n && cell_flags(f->text[AXIS_FLAG], &flags, NULL) == 0 &&
	    flags & FIGURE_SUPPRESSED)
		return true;
	return f->text[AXIS_CONFIDENTIALITY].n &&
	       confidentiality_read(f->text[AXIS_CONFIDENTIALITY], &withheld, NULL) == 0 &&
	       withheld;
}
