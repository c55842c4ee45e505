/* Finds libfaketime and sets it up in a service's environment. */
#include <dvr/service/faketime.h>

#include <dvr/base/buf.h>
#include <dvr/base/clock.h>
#include <dvr/base/fs.h>

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
faketime_find(char out[FAKETIME_PATH_MAX], struct err *e)
{
	/* Debian's and Ubuntu's, Fedora's, Arch's and Alpine's, one's own.
	 * MT first: services have threads. */
	static const char *const folders[] = {
		"/usr/lib/x86_64-linux-gnu/faketime",
		"/usr/lib/aarch64-linux-gnu/faketime",
		"/usr/lib64/faketime", "/usr/lib/faketime",
		"/usr/local/lib/faketime",
	};
	static const char *const names[] = {
		"libfaketimeMT.so.1", "libfaketime.so.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			snprintf(out, FAKETIME_PATH_MAX, "%s/%s", folders[i],
				 names[j]);
			if (access(out, R_OK) == 0)
				return 0;
		}
	}
	return err_set(e, ERR_USAGE, "replay.clock: recorded needs libfaketime,"
		       " which is not installed; apt-get install libfaketime, "
		       "or set clock: real");
}

void
faketime_env(struct env *env, const char *library, int64_t shift_us)
{
	const char *others = env_get(env, "LD_PRELOAD");
	int64_t abs_us = shift_us < 0 ? -shift_us : shift_us;
	struct buf preload;
	char shift[64];

	buf_init(&preload, 64 * KiB);
	buf_adds(&preload, library);
	if (others && others[0])
		buf_fmt(&preload, ":%s", others);
	buf_addc(&preload, '\0');
	if (!preload.full)
		env_set(env, "LD_PRELOAD", preload.p);
	buf_release(&preload);
	/* An offset, not a start: all processes of the service agree. */
	snprintf(shift, sizeof(shift), "%c%lld.%06lld",
		 shift_us < 0 ? '-' : '+', (long long)(abs_us / US_PER_S),
		 (long long)(abs_us % US_PER_S));
	env_set(env, "FAKETIME", shift);
	/* Time-outs and sleeps are not what a tape wants shifted. */
	env_set(env, "FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/* ---- which programs it reaches --------------------------------------------- */

static bool
has_interpreter(int fd, const Elf64_Ehdr *h)
{
	for (unsigned i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p;
		off_t at = (off_t)(h->e_phoff + (uint64_t)i * h->e_phentsize);

		if (pread(fd, &p, sizeof(p), at) != (ssize_t)sizeof(p))
			return true;
		if (p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static bool
file_is_static(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool is_static = false;
	Elf64_Ehdr h;

	if (fd < 0)
		return false;
	if (read(fd, &h, sizeof(h)) == (ssize_t)sizeof(h) &&
	    memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
	    h.e_ident[EI_CLASS] == ELFCLASS64)
		is_static = !has_interpreter(fd, &h);
	close(fd);
	return is_static;
}

bool
faketime_is_static(const char *command, const char *path)
{
	struct slice rest = slice_str(path);
	char file[FS_PATH_MAX];

	if (strchr(command, '/'))
		return file_is_static(command);
	while (rest.n > 0) {
		struct slice folder = slice_cut(&rest, ':');

		snprintf(file, sizeof(file), "%.*s/%s", SLICE_ARG(folder),
			 command);
		if (access(file, X_OK) == 0)
			return file_is_static(file);
	}
	return false;
}
