/* submit_report.c - see submit_report.h. */
#include "collectors/submit_report.h"

#include "base/json_write.h"

static void put_count(struct json_writer *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_i64(j, (int64_t)n);
}

static void put_text(struct json_writer *j, const char *key, const char *text)
{
	json_key(j, key);
	json_cstr(j, text);
}

static void put_complaint(struct json_writer *j, const struct complaint *c)
{
	json_object(j);
	put_text(j, "place", c->place);
	put_count(j, "line", c->line);
	put_count(j, "column", c->column);
	put_text(j, "reason", refusal_name(c->why));
	json_key(j, "kept");
	json_bool(j, refusal_keeps(c->why));
	put_text(j, "text", c->text);
	put_text(j, "text_zh", c->text_zh);
	json_end(j);
}

static void put_complaints(struct json_writer *j, const struct batch *b)
{
	size_t all = b->refused + b->suspect;

	json_key(j, "complaints");
	json_array(j);
	for (size_t i = 0; i < b->ncomplaints; i++)
		put_complaint(j, &b->complaints[i]);
	json_end(j);
	json_key(j, "complaints_cut");
	json_bool(j, b->ncomplaints >= BATCH_COMPLAINTS_MAX && all > b->ncomplaints);
}

static void put_report(struct json_writer *j, const struct intake *in, const char *feed,
		       bool stored)
{
	const struct batch *b = in->batch;
	char hash[SHA256_HEX];

	json_object(j);
	put_text(j, "feed", feed);
	json_key(j, "dry_run");
	json_bool(j, in->dry_run);
	put_text(j, "sha256", sha256_hex(in->original_sha256, hash));
	put_count(j, "rows", b->rows);
	put_count(j, "kept", in->kept);
	put_count(j, "refused", in->refused);
	put_count(j, "doubtful", in->suspect);
	put_count(j, "suppressed", b->suppressed);
	if (!in->dry_run && in->submission)
		put_count(j, "submission", in->submission);
	if (stored) {
		put_count(j, "new", in->fresh);
		put_count(j, "revised", in->revised);
		put_count(j, "unchanged", in->unchanged);
	}
	put_complaints(j, b);
	json_end(j);
}

static void begin(struct json_writer *j, const char *error_type, const char *error, struct buf *out)
{
	json_init(j, out);
	json_object(j);
	put_text(j, "status", error ? "error" : "success");
	if (!error)
		return;
	put_text(j, "errorType", error_type);
	put_text(j, "error", error);
}

void submit_report(const struct intake *in, const char *feed, bool stored, const char *error_type,
		   const char *error, struct buf *out)
{
	struct json_writer j;

	begin(&j, error_type, error, out);
	if (in->batch) {
		json_key(&j, "data");
		put_report(&j, in, feed, stored);
	}
	json_end(&j);
}

void submit_error(const char *error_type, const char *error, struct buf *out)
{
	struct json_writer j;

	begin(&j, error_type, error, out);
	json_end(&j);
}
