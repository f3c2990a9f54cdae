/*
 * profile.c - the seasonal profile that is shipped.
 *
 * Used for a unit that has neither a split of its target nor a history of its
 * own, and always marked as borrowed. Derived from figures of the National Bureau
 * of Statistics (国家统计局, 分省月度数据: 房地产投资累计值): for each of 31 provinces and
 * the years 2017, 2018 and 2019 the year-to-date figure of month m over that of
 * December; the median of these 93 shares, month by month, to four digits.
 *
 * January is not published by itself. Its share is half of February's, which is
 * an interpolation and no observation.
 */
#include "catalogue/private.h"

const struct profile profile_provincial = {
	.id = "nbs-provinces",
	.source = "国家统计局 分省月度数据, 房地产投资累计值 2017-2019: median over 31 provinces × "
		  "3 years of "
		  "month ÷ December; January: half of February",
	.shares = { 0.0402, 0.0803, 0.1709, 0.2474, 0.3321, 0.4495, 0.5341, 0.6254, 0.7378, 0.8335,
		    0.9226, 1.0 },
};

const struct profile *catalogue_profile(const struct catalogue *c, const char *id)
{
	if (!id || strcmp(id, profile_provincial.id) == 0)
		return &profile_provincial;
	for (size_t i = 0; i < c->nprofiles; i++) {
		if (strcmp(c->profiles[i].id, id) == 0)
			return &c->profiles[i];
	}
	return NULL;
}
