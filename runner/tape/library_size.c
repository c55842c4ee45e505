/* How much a tape takes on disk. */
#include <dvr/tape/library.h>

#include <dvr/base/fs.h>

#include <stdlib.h>
#include <sys/stat.h>

/* bodies/, state/ and a store's folders below it. */
#define DEPTH_MAX 32

static void
add(const char *dir, unsigned depth, struct library_size *out)
{
	char **names, path[FS_PATH_MAX];
	size_t n;

	if (depth == DEPTH_MAX || fs_list(dir, &names, &n, NULL) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (fs_join(path, dir, names[i], NULL) != 0 ||
		    lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			add(path, depth + 1, out);
		} else {
			out->bytes += (uint64_t)st.st_size;
			out->files++;
		}
	}
	free(names);
}

void
library_size(const char *dir, struct library_size *out)
{
	*out = (struct library_size){ 0 };
	add(dir, 0, out);
}
