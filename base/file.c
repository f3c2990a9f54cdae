/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read(const char *path, size_t most, struct buf *out, struct err *e)
{
	/* Of what is no regular file nothing is waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return err_sys(e, errno, "cannot be opened");
	do {
		char *to = buf_room(out, FILE_PIECE_BYTES);

		if (!to)
			break;
		got = read(fd, to, FILE_PIECE_BYTES);
		if (got > 0)
			buf_added(out, (size_t)got);
		else if (got < 0 && errno != EINTR) {
			err_sys(e, errno, "cannot be read");
			close(fd);
			return -1;
		}
	} while (got != 0 && out->n <= most);
	close(fd);
	return buf_check(out, e);
}
