/*
 * write_again.c - a remote write request in, the same one out, through our reader and writer.
 *
 *     write_again unpack   a block of snappy to the plain message
 *     write_again pack     the other way
 *     write_again copy     a plain message, read and written anew
 *
 * From standard input to standard output. For remote_write.sh, which lets protoc and
 * Prometheus say whether it is still the same.
 */
#include "base/remote_write.h"
#include "base/snappy.h"

#include <stdio.h>

enum { MOST = 64 << 20 };

static int copy(struct slice raw, struct buf *out, struct err *e)
{
	struct rw_reader *r = rw_reader_new(e);
	struct label l[LABELS_MAX];
	struct rw_request q;
	size_t n;

	if (!r || rw_read(r, raw, &remote_write_defaults, &q, e) < 0)
		goto fail;
	for (size_t i = 0; i < q.nseries; i++) {
		if (rw_labels(q.series[i].labels, l, &n, e) < 0)
			goto fail;
		rw_put_series(out, l, n, q.samples + q.series[i].first, q.series[i].n);
	}
	for (size_t i = 0; i < q.nmetadata; i++)
		rw_put_metadata(out, &q.metadata[i]);
	fprintf(stderr, "%zu series, %zu samples, %zu metadata, %llu exemplars, %llu histograms\n",
		q.nseries, q.nsamples, q.nmetadata, (unsigned long long)q.exemplars,
		(unsigned long long)q.histograms);
	rw_reader_free(r);
	return buf_check(out, e);
fail:
	rw_reader_free(r);
	return -1;
}

static int run(const char *mode, struct buf *in, struct buf *out, struct err *e)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_put(in, piece, n);
	if (buf_check(in, e) < 0)
		return -1;
	if (strcmp(mode, "unpack") == 0)
		return snappy_decode(buf_all(in), MOST, out, e);
	if (strcmp(mode, "pack") == 0)
		return snappy_encode(buf_all(in), out, e);
	return copy(buf_all(in), out, e);
}

int main(int argc, char **argv)
{
	struct buf in, out;
	struct err e;
	int rc;

	buf_init(&in, MOST);
	buf_init(&out, MOST);
	rc = run(argc > 1 ? argv[1] : "copy", &in, &out, &e);
	if (rc < 0)
		fprintf(stderr, "write_again: %s\n", e.text);
	else if (fwrite(out.p, 1, out.n, stdout) != out.n)
		rc = -1;
	buf_release(&in);
	buf_release(&out);
	return rc < 0;
}
