/*
 * labels.c - see labels.h.
 *
 * Two tables, one of sets and one of strings, each in 64 parts with a lock of
 * their own. To intern a set: check and sort it, look it up under the lock of its
 * part; if it is new, build it without any lock (its strings are interned one by
 * one) and look again before putting it in, because another thread may have
 * been quicker. No two of these locks are ever held at once.
 *
 * Reference counts: whoever holds a reference adds and drops further ones without
 * a lock as long as one remains. The step from one to none is taken under the
 * lock of the set's part, and so is finding it, so a set that is found always
 * has a reference and one without is in no table: nothing is brought back to
 * life. It is the same with a string and the sets that hold it.
 *
 * Two hashes: the public one is the same in every process; places in the tables
 * come from one seeded by the process, since labels come from outside.
 */
#include "base/labels.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"

#include <pthread.h>
#include <stdarg.h>

enum { PARTS = 64, SMALLEST = 16, MAKE_MAX = 8 };

struct node {
	struct node *next;
	uint64_t hash; /* seeded */
};

struct part {
	_Alignas(64) pthread_mutex_t lock;
	struct node **buckets; /* NULL: `few` */
	size_t cap, n;
	struct node *few[SMALLEST];
};

struct string {
	struct node node;
	atomic_size_t refs;
	size_t n;
	char text[];
};

struct set {
	struct node node;
	struct labels labels;
};

static struct part string_parts[PARTS] = {
	[0 ... PARTS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER, .cap = SMALLEST },
};
static struct part set_parts[PARTS] = {
	[0 ... PARTS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER, .cap = SMALLEST },
};

/* --- a part of a table; its lock is held ---------------------------------- */

/* The upper bits choose the part, the lower ones the bucket. */
static struct part *part_of(struct part *parts, uint64_t hash)
{
	return &parts[hash >> 58];
}

static struct node **bucket_of(struct part *p, uint64_t hash)
{
	return &(p->buckets ? p->buckets : p->few)[hash & (p->cap - 1)];
}

/* Without memory the part stays as it is and only becomes slower. */
static void part_grow(struct part *p)
{
	struct node **old = p->buckets ? p->buckets : p->few;
	size_t old_cap = p->cap;
	struct node **bigger = mem_zalloc(old_cap * 2 * sizeof(struct node *));

	if (!bigger)
		return;
	for (size_t i = 0; i < old_cap; i++) {
		for (struct node *x = old[i], *next; x; x = next) {
			struct node **to = &bigger[x->hash & (old_cap * 2 - 1)];

			next = x->next;
			x->next = *to;
			*to = x;
		}
	}
	mem_free(p->buckets);
	p->buckets = bigger;
	p->cap = old_cap * 2;
}

static void part_insert(struct part *p, struct node *x)
{
	struct node **to;

	if (p->n >= p->cap)
		part_grow(p);
	to = bucket_of(p, x->hash);
	x->next = *to;
	*to = x;
	p->n++;
}

static void part_remove(struct part *p, struct node *x)
{
	struct node **at = bucket_of(p, x->hash);

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	p->n--;
	if (p->n == 0 && p->buckets) {
		mem_free(p->buckets);
		p->buckets = NULL;
		p->cap = SMALLEST;
		memset(p->few, 0, sizeof(p->few));
	}
}

/* --- strings ---------------------------------------------------------------- */

static struct string *string_find(struct part *p, uint64_t hash, struct slice s)
{
	for (struct node *x = *bucket_of(p, hash); x; x = x->next) {
		struct string *str = (struct string *)x;

		if (x->hash == hash && slice_eq(slice_of(str->text, str->n), s))
			return str;
	}
	return NULL;
}

static struct string *string_new(uint64_t hash, struct slice s)
{
	struct string *str = mem_alloc(sizeof(*str) + s.n + 1);

	if (!str)
		return NULL;
	str->node = (struct node){ .hash = hash };
	atomic_init(&str->refs, 1);
	str->n = s.n;
	if (s.n)
		memcpy(str->text, s.p, s.n);
	str->text[s.n] = '\0';
	return str;
}

/* An empty slice with p NULL when there is no memory. */
static struct slice string_intern(struct slice s)
{
	uint64_t hash = hash_seeded(s.p, s.n, hash_seed());
	struct part *p = part_of(string_parts, hash);
	struct string *str;

	pthread_mutex_lock(&p->lock);
	str = string_find(p, hash, s);
	if (str) {
		atomic_fetch_add_explicit(&str->refs, 1, memory_order_relaxed);
	} else {
		str = string_new(hash, s);
		if (str)
			part_insert(p, &str->node);
	}
	pthread_mutex_unlock(&p->lock);
	return str ? slice_of(str->text, str->n) : slice_of(NULL, 0);
}

static struct string *string_of(struct slice interned)
{
	return (struct string *)(interned.p - offsetof(struct string, text));
}

/* One more reference to a string that the caller knows to have one. */
static struct slice string_ref(struct slice interned)
{
	atomic_fetch_add_explicit(&string_of(interned)->refs, 1, memory_order_relaxed);
	return interned;
}

/* Drops a reference that is not the last; false when it may be. */
static bool string_drop_one_of_several(struct string *str)
{
	size_t refs = atomic_load_explicit(&str->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(&str->refs, &refs, refs - 1,
							  memory_order_release,
							  memory_order_relaxed))
			return true;
	return false;
}

static void string_drop(struct slice s)
{
	struct string *str = string_of(s);
	struct part *p;
	bool last;

	if (string_drop_one_of_several(str))
		return;
	p = part_of(string_parts, str->node.hash);
	pthread_mutex_lock(&p->lock);
	last = atomic_fetch_sub_explicit(&str->refs, 1, memory_order_acq_rel) == 1;
	if (last)
		part_remove(p, &str->node);
	pthread_mutex_unlock(&p->lock);
	if (last)
		mem_free(str);
}

/* --- checking what comes in --------------------------------------------------- */

/* ASCII without NUL, as nearly all are, needs no closer look. */
static bool is_ascii_text(struct slice s)
{
	static const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	uint64_t eight, odd = 0;
	size_t i = 0;

	/* Of each byte from 1 to 127 neither it nor it less one has the high bit. */
	for (; s.n - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, s.p + i, sizeof(eight));
		odd |= eight | (eight - ones);
	}
	for (; i < s.n; i++)
		odd |= (unsigned char)s.p[i] | ((uint64_t)(unsigned char)s.p[i] - 1);
	return !(odd & highs);
}

static int check_name(struct slice name, struct err *e)
{
	char shown[TEXT_SHOWN];
	long bad;

	if (name.n == 0)
		return err_set(e, ERR_INVALID, "a label without a name");
	if (name.n > LABEL_NAME_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "label name %s has %zu bytes, more than %d",
			       text_shown(name, shown), name.n, LABEL_NAME_MAX_BYTES);
	if (is_ascii_text(name))
		return 0;
	bad = utf8_bad_at(name);
	if (bad >= 0)
		return err_set(e, ERR_INVALID, "label name is not UTF-8 at byte %ld", bad + 1);
	if (memchr(name.p, '\0', name.n))
		return err_set(e, ERR_INVALID, "label name contains a NUL byte");
	return 0;
}

static int check_value(const struct label *l, struct err *e)
{
	char shown[TEXT_SHOWN];
	long bad;

	if (l->value.n > LABEL_VALUE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "value of label %s has %zu bytes, more than %d",
			       text_shown(l->name, shown), l->value.n, LABEL_VALUE_MAX_BYTES);
	if (is_ascii_text(l->value))
		return 0;
	bad = utf8_bad_at(l->value);
	if (bad >= 0)
		return err_set(e, ERR_INVALID, "value of label %s is not UTF-8 at byte %ld",
			       text_shown(l->name, shown), bad + 1);
	if (l->value.n && memchr(l->value.p, '\0', l->value.n))
		return err_set(e, ERR_INVALID, "value of label %s contains a NUL byte",
			       text_shown(l->name, shown));
	return 0;
}

/* Insertion sort: sets are small and mostly come sorted. */
static void sort_by_name(struct label *l, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct label x = l[i];
		size_t j = i;

		for (; j > 0 && slice_cmp(l[j - 1].name, x.name) > 0; j--)
			l[j] = l[j - 1];
		l[j] = x;
	}
}

int labels_normalize(const struct label *l, size_t n, struct label out[LABELS_MAX], size_t *n_out,
		     struct err *e)
{
	char shown[TEXT_SHOWN];
	size_t kept = 0;

	if (n > LABELS_MAX)
		return err_set(e, ERR_LIMIT, "%zu labels, more than %d", n, LABELS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (check_name(l[i].name, e) < 0 || check_value(&l[i], e) < 0)
			return -1;
		out[i] = l[i];
	}
	sort_by_name(out, n);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(out[i - 1].name, out[i].name))
			return err_set(e, ERR_INVALID, "label %s is given twice",
				       text_shown(out[i].name, shown));
	for (size_t i = 0; i < n; i++)
		if (out[i].value.n)
			out[kept++] = out[i];
	*n_out = kept;
	return 0;
}

/* Each string is hashed with the hash so far as its seed; its length goes in too, so
 * a="bc" and ab="c" differ. */
static uint64_t hash_labels(const struct label *l, size_t n, uint64_t seed)
{
	uint64_t h = seed;

	for (size_t i = 0; i < n; i++) {
		h = hash_seeded(l[i].name.p, l[i].name.n, h);
		h = hash_seeded(l[i].value.p, l[i].value.n, h);
	}
	return h;
}

/* --- sets ------------------------------------------------------------------------ */

static bool same_labels(const struct labels *ls, const struct label *l, size_t n)
{
	if (ls->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(ls->l[i].name, l[i].name) || !slice_eq(ls->l[i].value, l[i].value))
			return false;
	return true;
}

/* The set with one more reference, or NULL. The part's lock is held. */
static struct labels *set_find(struct part *p, uint64_t hash, const struct label *l, size_t n)
{
	for (struct node *x = *bucket_of(p, hash); x; x = x->next) {
		struct set *s = (struct set *)x;

		if (x->hash == hash && same_labels(&s->labels, l, n))
			return labels_ref(&s->labels);
	}
	return NULL;
}

static void set_free(struct set *s)
{
	for (size_t i = 0; i < s->labels.n; i++) {
		if (s->labels.l[i].name.p)
			string_drop(s->labels.l[i].name);
		if (s->labels.l[i].value.p)
			string_drop(s->labels.l[i].value);
	}
	mem_free(s);
}

/* Both are sorted: where `like` has the label, or only its name, its strings are taken. */
static void take_strings(struct label *out, const struct label *l, const struct labels *like,
			 size_t *at)
{
	while (like && *at < like->n && slice_cmp(like->l[*at].name, l->name) < 0)
		++*at;
	if (!like || *at == like->n || !slice_eq(like->l[*at].name, l->name)) {
		out->name = string_intern(l->name);
		out->value = string_intern(l->value);
		return;
	}
	out->name = string_ref(like->l[*at].name);
	out->value = slice_eq(like->l[*at].value, l->value) ? string_ref(like->l[*at].value)
							    : string_intern(l->value);
}

static struct set *set_new(uint64_t hash, const struct label *l, size_t n,
			   const struct labels *like)
{
	struct set *s = mem_zalloc(sizeof(*s) + n * sizeof(*l));
	size_t at = 0;

	if (!s)
		return NULL;
	s->node.hash = hash;
	s->labels.n = (uint32_t)n;
	atomic_init(&s->labels.refs, 1);
	for (size_t i = 0; i < n; i++) {
		take_strings(&s->labels.l[i], &l[i], like, &at);
		if (!s->labels.l[i].name.p || !s->labels.l[i].value.p) {
			set_free(s);
			return NULL;
		}
	}
	return s;
}

struct labels *labels_intern(const struct label *l, size_t n, struct err *e)
{
	return labels_intern_like(l, n, NULL, e);
}

struct labels *labels_intern_like(const struct label *l, size_t n, const struct labels *like,
				  struct err *e)
{
	struct label sorted[LABELS_MAX];
	struct labels *found;
	struct part *p;
	struct set *s;
	uint64_t hash;

	if (labels_normalize(l, n, sorted, &n, e) < 0)
		return NULL;
	hash = hash_labels(sorted, n, hash_seed());
	p = part_of(set_parts, hash);
	pthread_mutex_lock(&p->lock);
	found = set_find(p, hash, sorted, n);
	pthread_mutex_unlock(&p->lock);
	if (found)
		return found;

	s = set_new(hash, sorted, n, like);
	if (!s) {
		err_set(e, ERR_MEMORY, "no memory for a label set");
		return NULL;
	}
	pthread_mutex_lock(&p->lock);
	found = set_find(p, hash, sorted, n);
	if (!found)
		part_insert(p, &s->node);
	pthread_mutex_unlock(&p->lock);
	if (!found)
		return &s->labels;
	set_free(s);
	return found;
}

struct labels *labels_make(struct err *e, const char *name, ...)
{
	struct label l[MAKE_MAX + 1];
	size_t n = 0;
	va_list args;

	if (name)
		l[n++] = (struct label){ slice_str(LABEL_NAME), slice_str(name) };
	va_start(args, name);
	for (size_t pairs = 0;; pairs++) {
		const char *key = va_arg(args, const char *);

		if (!key)
			break;
		if (pairs == MAKE_MAX) {
			va_end(args);
			err_set(e, ERR_LIMIT, "more than %d labels", MAKE_MAX);
			return NULL;
		}
		l[n].name = slice_str(key);
		l[n++].value = slice_str(va_arg(args, const char *));
	}
	va_end(args);
	return labels_intern(l, n, e);
}

struct labels *labels_ref(struct labels *ls)
{
	atomic_fetch_add_explicit(&ls->refs, 1, memory_order_relaxed);
	return ls;
}

/* Drops a reference that is not the last; false when it may be. */
static bool drop_one_of_several(struct labels *ls)
{
	unsigned refs = atomic_load_explicit(&ls->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(&ls->refs, &refs, refs - 1,
							  memory_order_release,
							  memory_order_relaxed))
			return true;
	return false;
}

void labels_unref(struct labels *ls)
{
	struct part *p;
	struct set *s;
	bool last;

	if (!ls || drop_one_of_several(ls))
		return;
	s = (struct set *)((char *)ls - offsetof(struct set, labels));
	p = part_of(set_parts, s->node.hash);
	pthread_mutex_lock(&p->lock);
	last = atomic_fetch_sub_explicit(&ls->refs, 1, memory_order_acq_rel) == 1;
	if (last)
		part_remove(p, &s->node);
	pthread_mutex_unlock(&p->lock);
	if (last)
		set_free(s);
}

const struct labels *labels_in_arena(struct arena *a, const struct label *sorted, size_t n)
{
	struct labels *ls = arena_alloc(a, sizeof(*ls) + n * sizeof(*sorted));

	if (!ls)
		return NULL;
	ls->n = (uint32_t)n;
	atomic_init(&ls->refs, 0);
	if (n)
		memcpy(ls->l, sorted, n * sizeof(*sorted));
	return ls;
}

static struct slice move_text(struct slice text, char **to)
{
	char *at = *to;

	if (text.n)
		memcpy(at, text.p, text.n);
	*to += text.n;
	return slice_of(at, text.n);
}

const struct labels *labels_copy(struct arena *a, const struct labels *ls)
{
	const size_t bytes = sizeof(*ls) + ls->n * sizeof(*ls->l);
	struct labels *copy;
	size_t texts = 0;
	char *to;

	for (uint32_t i = 0; i < ls->n; i++)
		texts += ls->l[i].name.n + ls->l[i].value.n;
	copy = arena_alloc(a, bytes + texts);
	if (!copy)
		return NULL;
	to = (char *)copy + bytes;
	copy->n = ls->n;
	atomic_init(&copy->refs, 0);
	for (uint32_t i = 0; i < ls->n; i++) {
		copy->l[i].name = move_text(ls->l[i].name, &to);
		copy->l[i].value = move_text(ls->l[i].value, &to);
	}
	return copy;
}

/* --- reading a set ------------------------------------------------------------------ */

uint64_t labels_hash(const struct labels *ls)
{
	return hash_labels(ls->l, ls->n, 0);
}

uint64_t labels_seeded_hash(const struct labels *ls)
{
	return ((const struct set *)((const char *)ls - offsetof(struct set, labels)))->node.hash;
}

struct slice labels_get(const struct labels *ls, struct slice name)
{
	for (size_t i = 0; i < ls->n; i++)
		if (slice_eq(ls->l[i].name, name))
			return ls->l[i].value;
	return slice_str("");
}

struct slice labels_name(const struct labels *ls)
{
	return labels_get(ls, slice_str(LABEL_NAME));
}

int labels_cmp(const struct labels *a, const struct labels *b)
{
	if (a == b)
		return 0;
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		int c = slice_cmp(a->l[i].name, b->l[i].name);

		if (!c)
			c = slice_cmp(a->l[i].value, b->l[i].value);
		if (c)
			return c;
	}
	return a->n < b->n ? -1 : a->n > b->n;
}

void label_escape(struct slice value, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c != '\\' && c != '"' && c != '\n')
			continue;
		buf_put(out, value.p + done, i - done);
		if (c == '\n')
			c = 'n';
		buf_putc(out, '\\');
		buf_putc(out, c);
		done = i + 1;
	}
	buf_put(out, value.p + done, value.n - done);
}

static void print_quoted(struct slice s, struct buf *out)
{
	buf_putc(out, '"');
	label_escape(s, out);
	buf_putc(out, '"');
}

static bool is_plain(struct slice s, bool metric)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && !(metric && c == ':') && !(i > 0 && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

bool label_name_is_plain(struct slice name)
{
	return is_plain(name, false);
}

bool metric_name_is_plain(struct slice name)
{
	return is_plain(name, true);
}

/* Names outside Prometheus' classic alphabet are quoted inside the braces, as
 * Prometheus 3 does: {"park.output",区="a"} would otherwise read as something else. */
void labels_print(const struct labels *ls, struct buf *out)
{
	struct slice name = labels_name(ls);
	bool plain = name.n == 0 || metric_name_is_plain(name), open = name.n == 0 || !plain;

	if (plain)
		buf_slice(out, name);
	if (open)
		buf_putc(out, '{');
	if (!plain)
		print_quoted(name, out);
	for (size_t i = 0, printed = plain ? 0 : 1; i < ls->n; i++) {
		if (slice_is(ls->l[i].name, LABEL_NAME))
			continue;
		if (printed++)
			buf_putc(out, ',');
		else if (!open)
			buf_putc(out, '{');
		open = true;
		if (label_name_is_plain(ls->l[i].name))
			buf_slice(out, ls->l[i].name);
		else
			print_quoted(ls->l[i].name, out);
		buf_putc(out, '=');
		print_quoted(ls->l[i].value, out);
	}
	if (open)
		buf_putc(out, '}');
}

static size_t count_parts(struct part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < PARTS; i++) {
		pthread_mutex_lock(&parts[i].lock);
		n += parts[i].n;
		pthread_mutex_unlock(&parts[i].lock);
	}
	return n;
}

void labels_count(size_t *sets, size_t *strings)
{
	*sets = count_parts(set_parts);
	*strings = count_parts(string_parts);
}
