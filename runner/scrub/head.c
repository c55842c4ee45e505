/* Exact heads with some of their lines replaced. */
#include "head.h"

bool
head_replace(struct slice raw, const struct slice *lines,
	     const struct slice *now, size_t n, struct buf *out)
{
	struct slice rest = raw;
	size_t i;

	for (i = 0; i < n; i++) {
		ssize_t at = slice_find(rest, lines[i]);
		size_t k;

		if (at < 0)
			return false;
		for (k = 0; k < (size_t)at; k++) {
			unsigned char c = (unsigned char)rest.p[k];

			if (c > ' ')	/* text that no line accounts for */
				return false;
		}
		buf_add(out, slice_range(rest, 0, (size_t)at));
		buf_add(out, now[i]);
		rest = slice_from(rest, (size_t)at + lines[i].n);
	}
	for (i = 0; i < rest.n; i++) {
		if ((unsigned char)rest.p[i] > ' ')
			return false;
	}
	buf_add(out, rest);
	return true;
}
