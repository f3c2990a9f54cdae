/*
 * measure.c - the measures Chinese offices write, and their exact factors.
 *
 * One table, keyed by what text_key() makes of a measure: ㎡ and m² are "m2", KWH is
 * "kwh", ％ is "%". Factors stay decimal shifts and small fractions, so that a
 * figure is scaled in its text and never through a float product.
 *
 * 1 亩 is 2000/3 m² (国发〔1984〕28号: 15 亩 to the hectare). A measure per 亩 has the inverse.
 */
#include "catalogue/private.h"

#include "base/text.h"

static const struct measure {
	const char *key;
	struct num_scale scale;
	const char *base;
} measures[] = {
	/* money */
	{ "元", { 0, 1, 1 }, "yuan" },
	{ "千元", { 3, 1, 1 }, "yuan" },
	{ "万元", { 4, 1, 1 }, "yuan" },
	{ "百万元", { 6, 1, 1 }, "yuan" },
	{ "千万元", { 7, 1, 1 }, "yuan" },
	{ "亿元", { 8, 1, 1 }, "yuan" },
	{ "人民币元", { 0, 1, 1 }, "yuan" },
	{ "人民币万元", { 4, 1, 1 }, "yuan" },
	{ "万元人民币", { 4, 1, 1 }, "yuan" },
	{ "亿元人民币", { 8, 1, 1 }, "yuan" },
	{ "美元", { 0, 1, 1 }, "usd" },
	{ "千美元", { 3, 1, 1 }, "usd" },
	{ "万美元", { 4, 1, 1 }, "usd" },
	{ "百万美元", { 6, 1, 1 }, "usd" },
	{ "亿美元", { 8, 1, 1 }, "usd" },
	/* parts */
	{ "%", { -2, 1, 1 }, "ratio" },
	{ "百分比", { -2, 1, 1 }, "ratio" },
	{ "百分点", { -2, 1, 1 }, "ratio" },
	{ "个百分点", { -2, 1, 1 }, "ratio" },
	{ "‰", { -3, 1, 1 }, "ratio" },
	{ "千分点", { -3, 1, 1 }, "ratio" },
	{ "倍", { 0, 1, 1 }, "ratio" },
	{ "比值", { 0, 1, 1 }, "ratio" },
	/* counts */
	{ "个", { 0, 1, 1 }, "" },
	{ "万个", { 4, 1, 1 }, "" },
	{ "家", { 0, 1, 1 }, "" },
	{ "户", { 0, 1, 1 }, "" },
	{ "万户", { 4, 1, 1 }, "" },
	{ "次", { 0, 1, 1 }, "" },
	{ "人次", { 0, 1, 1 }, "" },
	{ "万人次", { 4, 1, 1 }, "" },
	{ "件", { 0, 1, 1 }, "" },
	{ "万件", { 4, 1, 1 }, "" },
	{ "起", { 0, 1, 1 }, "" },
	{ "项", { 0, 1, 1 }, "" },
	{ "台", { 0, 1, 1 }, "" },
	{ "万台", { 4, 1, 1 }, "" },
	{ "套", { 0, 1, 1 }, "" },
	{ "座", { 0, 1, 1 }, "" },
	{ "所", { 0, 1, 1 }, "" },
	{ "处", { 0, 1, 1 }, "" },
	{ "条", { 0, 1, 1 }, "" },
	{ "宗", { 0, 1, 1 }, "" },
	{ "份", { 0, 1, 1 }, "" },
	/* people */
	{ "人", { 0, 1, 1 }, "persons" },
	{ "名", { 0, 1, 1 }, "persons" },
	{ "百人", { 2, 1, 1 }, "persons" },
	{ "千人", { 3, 1, 1 }, "persons" },
	{ "万人", { 4, 1, 1 }, "persons" },
	/* areas */
	{ "平方米", { 0, 1, 1 }, "square_meters" },
	{ "m2", { 0, 1, 1 }, "square_meters" },
	{ "万平方米", { 4, 1, 1 }, "square_meters" },
	{ "万m2", { 4, 1, 1 }, "square_meters" },
	{ "公顷", { 4, 1, 1 }, "square_meters" },
	{ "ha", { 4, 1, 1 }, "square_meters" },
	{ "hm2", { 4, 1, 1 }, "square_meters" },
	{ "平方公里", { 6, 1, 1 }, "square_meters" },
	{ "平方千米", { 6, 1, 1 }, "square_meters" },
	{ "km2", { 6, 1, 1 }, "square_meters" },
	{ "亩", { 0, 2000, 3 }, "square_meters" },
	{ "万亩", { 4, 2000, 3 }, "square_meters" },
	/* lengths */
	{ "米", { 0, 1, 1 }, "meters" },
	{ "m", { 0, 1, 1 }, "meters" },
	{ "公里", { 3, 1, 1 }, "meters" },
	{ "千米", { 3, 1, 1 }, "meters" },
	{ "km", { 3, 1, 1 }, "meters" },
	/* masses */
	{ "吨", { 0, 1, 1 }, "tonnes" },
	{ "t", { 0, 1, 1 }, "tonnes" },
	{ "千吨", { 3, 1, 1 }, "tonnes" },
	{ "万吨", { 4, 1, 1 }, "tonnes" },
	{ "万t", { 4, 1, 1 }, "tonnes" },
	{ "亿吨", { 8, 1, 1 }, "tonnes" },
	{ "吨/日", { 0, 1, 1 }, "tonnes_per_day" },
	{ "吨/天", { 0, 1, 1 }, "tonnes_per_day" },
	{ "t/日", { 0, 1, 1 }, "tonnes_per_day" },
	{ "t/d", { 0, 1, 1 }, "tonnes_per_day" },
	{ "万吨/日", { 4, 1, 1 }, "tonnes_per_day" },
	{ "万吨/天", { 4, 1, 1 }, "tonnes_per_day" },
	/* energy; tce is a tonne of standard coal */
	{ "吨标准煤", { 0, 1, 1 }, "tce" },
	{ "吨标煤", { 0, 1, 1 }, "tce" },
	{ "tce", { 0, 1, 1 }, "tce" },
	{ "万吨标准煤", { 4, 1, 1 }, "tce" },
	{ "万吨标煤", { 4, 1, 1 }, "tce" },
	{ "万tce", { 4, 1, 1 }, "tce" },
	{ "吨标准煤/万元", { -4, 1, 1 }, "tce_per_yuan" },
	{ "吨标煤/万元", { -4, 1, 1 }, "tce_per_yuan" },
	{ "tce/万元", { -4, 1, 1 }, "tce_per_yuan" },
	{ "千瓦时", { 5, 36, 1 }, "joules" },
	{ "度", { 5, 36, 1 }, "joules" },
	{ "kwh", { 5, 36, 1 }, "joules" },
	{ "万千瓦时", { 9, 36, 1 }, "joules" },
	{ "万度", { 9, 36, 1 }, "joules" },
	{ "万kwh", { 9, 36, 1 }, "joules" },
	{ "亿千瓦时", { 13, 36, 1 }, "joules" },
	{ "亿度", { 13, 36, 1 }, "joules" },
	{ "亿kwh", { 13, 36, 1 }, "joules" },
	{ "千伏安", { 3, 1, 1 }, "volt_amperes" },
	{ "kva", { 3, 1, 1 }, "volt_amperes" },
	{ "兆伏安", { 6, 1, 1 }, "volt_amperes" },
	{ "mva", { 6, 1, 1 }, "volt_amperes" },
	{ "万千伏安", { 7, 1, 1 }, "volt_amperes" },
	{ "万kva", { 7, 1, 1 }, "volt_amperes" },
	{ "千瓦", { 3, 1, 1 }, "watts" },
	{ "kw", { 3, 1, 1 }, "watts" },
	{ "万千瓦", { 7, 1, 1 }, "watts" },
	{ "万kw", { 7, 1, 1 }, "watts" },
	/* volumes */
	{ "立方米", { 0, 1, 1 }, "cubic_meters" },
	{ "m3", { 0, 1, 1 }, "cubic_meters" },
	{ "万立方米", { 4, 1, 1 }, "cubic_meters" },
	{ "万m3", { 4, 1, 1 }, "cubic_meters" },
	{ "亿立方米", { 8, 1, 1 }, "cubic_meters" },
	{ "亿m3", { 8, 1, 1 }, "cubic_meters" },
	{ "立方米/万元", { -4, 1, 1 }, "cubic_meters_per_yuan" },
	{ "m3/万元", { -4, 1, 1 }, "cubic_meters_per_yuan" },
	/* time */
	/* Not working days: their length in seconds would be a matter of opinion. */
	{ "日", { 2, 864, 1 }, "seconds" },
	{ "天", { 2, 864, 1 }, "seconds" },
	/* money per something */
	{ "元/人", { 0, 1, 1 }, "yuan_per_person" },
	{ "万元/人", { 4, 1, 1 }, "yuan_per_person" },
	{ "元/平方米", { 0, 1, 1 }, "yuan_per_square_meter" },
	{ "元/m2", { 0, 1, 1 }, "yuan_per_square_meter" },
	{ "万元/亩", { 4, 3, 2000 }, "yuan_per_square_meter" },
	{ "元/亩", { 0, 3, 2000 }, "yuan_per_square_meter" },
	{ "亿元/亩", { 8, 3, 2000 }, "yuan_per_square_meter" },
	{ "万元/公顷", { 0, 1, 1 }, "yuan_per_square_meter" },
	{ "万元/ha", { 0, 1, 1 }, "yuan_per_square_meter" },
	{ "万元/平方公里", { -2, 1, 1 }, "yuan_per_square_meter" },
	{ "亿元/平方公里", { 2, 1, 1 }, "yuan_per_square_meter" },
	{ "亿元/km2", { 2, 1, 1 }, "yuan_per_square_meter" },
	{ "元/千瓦时", { 0, 1, 1 }, "yuan_per_kilowatt_hour" },
	{ "元/度", { 0, 1, 1 }, "yuan_per_kilowatt_hour" },
	{ "元/kwh", { 0, 1, 1 }, "yuan_per_kilowatt_hour" },
};

enum { MEASURES = sizeof(measures) / sizeof(measures[0]), MEASURE_MAX_BYTES = 64 };

static const struct measure *measure_of_key(struct slice key, const char **near)
{
	struct nearest m;

	for (size_t i = 0; i < MEASURES; i++) {
		if (slice_is(key, measures[i].key))
			return &measures[i];
	}
	nearest_init(&m, key);
	for (size_t i = 0; i < MEASURES; i++)
		nearest_offer(&m, slice_str(measures[i].key), measures[i].key);
	*near = m.text;
	return NULL;
}

int measure_find(struct slice measure, struct num_scale *scale, const char **base, struct err *e)
{
	const struct measure *found = NULL;
	const char *near = NULL;
	struct slice text = text_trim(measure), key;
	char shown[TEXT_SHOWN];
	struct arena scratch;
	bool utf8;

	if (text.n == 0)
		return err_set(e, ERR_NOT_FOUND, "the measure is empty");
	if (text.n > MEASURE_MAX_BYTES)
		return err_set(e, ERR_NOT_FOUND, "a text of %zu bytes is no measure", text.n);
	arena_init(&scratch, 1 << 20);
	utf8 = utf8_bad_at(text) < 0;
	key = text_key(text, &scratch);
	if (key.p)
		found = measure_of_key(key, &near);
	arena_release(&scratch);
	if (!key.p && utf8)
		return err_set(e, ERR_MEMORY, "no memory to look up a measure");
	if (!found && near)
		return err_set(e, ERR_NOT_FOUND, "%s is no measure known here, did you mean '%s'?",
			       text_shown(text, shown), near);
	if (!found)
		return err_set(e, ERR_NOT_FOUND,
			       "%s is no measure known here; known are 万元, 亿元, 万美元, %%, 个, "
			       "人, 亩, "
			       "公里, 万吨 and the like",
			       text_shown(text, shown));
	if (scale)
		*scale = found->scale;
	if (base)
		*base = found->base;
	return 0;
}

const char *measure_suffix(const char *code)
{
	const char *best = NULL;
	size_t n = strlen(code);

	for (size_t i = 0; i < MEASURES; i++) {
		const char *base = measures[i].base;
		size_t len = strlen(base);

		if (len == 0 || len + 1 > n || strcmp(code + n - len, base) != 0 ||
		    code[n - len - 1] != '_')
			continue;
		/* The longest: meters is the end of square_meters. */
		if (!best || len > strlen(best))
			best = base;
	}
	return best;
}
