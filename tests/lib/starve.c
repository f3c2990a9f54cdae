/* starve.c - see starve.h. */
#include "tests/lib/starve.h"
#include "base/alloc.h"
#include "tests/lib/assert.h"

enum { TRIES_MAX = 5000 };

bool starve_again(struct starve *s)
{
	if (s->keeps_nothing && !s->begun)
		mem_count(1);
	else if (s->keeps_nothing && mem_held() != 0)
		fail_msg("%ld allocations are left of try %ld", mem_held(), s->failed + s->enough);
	if (s->keeps_nothing && s->enough)
		mem_count(0);
	s->begun = true;
	if (s->failed == TRIES_MAX)
		fail_msg("it never has enough");
	return !s->enough;
}

void starve_begin(const struct starve *s)
{
	mem_fail_after(s->failed, !s->one_only);
}

void starve_end(struct starve *s, bool enough, const struct err *e)
{
	mem_fail_after(-1, 0);
	s->enough = enough;
	if (enough)
		return;
	if (e->code != ERR_MEMORY && e->code != ERR_LIMIT)
		fail_msg("without allocation %ld the error is %s: %s", s->failed,
			 err_code_name(e->code), e->text);
	s->failed++;
}
