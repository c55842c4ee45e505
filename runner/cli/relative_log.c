/* Makes the paths in a service's output relative. */
#include "relative_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void
relative_log(const char *dir, struct slice log, struct buf *out)
{
	char *real = realpath(dir, NULL);
	char prefix[PATH_MAX + 2] = "";
	struct slice p;
	ssize_t at;

	if (real && real[1] != '\0')	/* not the root itself */
		snprintf(prefix, sizeof(prefix), "%s/", real);
	free(real);
	p = slice_str(prefix);
	while (p.n && (at = slice_find(log, p)) >= 0) {
		buf_add(out, slice_range(log, 0, (size_t)at));
		log = slice_from(log, (size_t)at + p.n);
	}
	buf_add(out, log);
}
