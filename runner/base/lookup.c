/* Says whether a command's name stands anywhere on the PATH. */
#include "lookup.h"

#include <dvr/base/slice.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
command_stands_on_path(const char *name)
{
	const char *path = getenv("PATH");
	struct slice rest;

	if (strchr(name, '/') || !path)
		return true;
	rest = slice_str(path);
	while (rest.p) {
		struct slice folder = slice_cut(&rest, ':');
		char file[PATH_MAX];
		int n;

		if (folder.n == 0)
			folder = SLICE(".");
		n = snprintf(file, sizeof(file), "%.*s/%s", SLICE_ARG(folder),
			     name);
		if (n < (int)sizeof(file) &&
		    faccessat(AT_FDCWD, file, F_OK, AT_EACCESS) == 0)
			return true;
	}
	return false;
}
