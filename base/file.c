/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read_rest(int fd, size_t most, struct buf *out, struct err *e)
{
	ssize_t got;

	do {
		char *to = buf_room(out, FILE_PIECE_BYTES);

		if (!to)
			break;
		got = read(fd, to, FILE_PIECE_BYTES);
		if (got > 0)
			buf_added(out, (size_t)got);
		else if (got < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot be read");
	} while (got != 0 && out->n <= most);
	return buf_check(out, e);
}

int file_read(const char *path, size_t most, struct buf *out, struct err *e)
{
	/* Of what is no regular file nothing is waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return err_sys(e, errno, "cannot be opened");
	rc = file_read_rest(fd, most, out, e);
	close(fd);
	return rc;
}

int file_write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t put = write(fd, s.p, s.n);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0)
			s = slice_skip(s, (size_t)put);
	}
	return 0;
}
