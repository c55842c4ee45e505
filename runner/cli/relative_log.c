/* Makes the paths in a service's output relative. */
#include "relative_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Cuts `path` to the nearest folder that holds .git, when one does. */
static void
cut_to_repository(char path[PATH_MAX])
{
	char at[PATH_MAX], git[PATH_MAX + 8];
	char *slash;

	memcpy(at, path, strlen(path) + 1);
	do {
		snprintf(git, sizeof(git), "%s/.git", at);
		if (access(git, F_OK) == 0) {
			memcpy(path, at, strlen(at) + 1);
			return;
		}
		slash = strrchr(at, '/');
		if (slash)
			*slash = '\0';
	} while (slash && at[0]);
}

void
relative_log(const char *dir, struct slice log, struct buf *out)
{
	char root[PATH_MAX], prefix[PATH_MAX + 2] = "";
	struct slice p;
	ssize_t at;

	if (realpath(dir, root)) {
		cut_to_repository(root);
		if (root[1] != '\0')	/* not the root of all */
			snprintf(prefix, sizeof(prefix), "%s/", root);
	}
	p = slice_str(prefix);
	while (p.n && (at = slice_find(log, p)) >= 0) {
		buf_add(out, slice_range(log, 0, (size_t)at));
		log = slice_from(log, (size_t)at + p.n);
	}
	buf_add(out, log);
}
