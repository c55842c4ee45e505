/* Resolves report flags and writes every report at the end. */
#include "reports.h"

#include <dvr/base/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* GitLab refuses 30 MB; anything near this has lost its readers anyway. */
#define REPORT_MAX_BYTES (256 * (size_t)MiB)

static int
add(struct reports *rs, struct slice name, const char *file, struct err *e)
{
	char plain[32], q[QUOTE_MAX];
	const struct reporter *r = NULL;

	if (name.n < sizeof(plain)) {
		memcpy(plain, name.p, name.n);
		plain[name.n] = 0;
		r = reporter_find(plain);
	}
	if (!r) {
		struct buf list;

		buf_init(&list, 512);
		for (size_t i = 0; reporters[i]; i++)
			buf_fmt(&list, "%s%s", i ? ", " : "",
				reporters[i]->name);
		err_set(e, ERR_USAGE, "unknown report '%s'; there are: %s",
			quote(name, q), buf_cstr(&list));
		buf_release(&list);
		return -1;
	}
	if (!file && !r->to_stdout)
		return err_set(e, ERR_USAGE, "report %s needs a file: "
			       "--report %s=FILE", r->name, r->name);
	rs->v[rs->n++] = (struct report){ r, file };
	return 0;
}

/* Better told before an hour of replays than after. */
static int
check_writable(const char *file, struct err *e)
{
	bool there = access(file, F_OK) == 0;
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, ERR_USAGE, "report file %s cannot be "
			       "written", file);
	close(fd);
	if (!there)	/* an empty report of a killed run looks like one */
		unlink(file);
	return 0;
}

/* Bazel shows what stands in this file (its test encyclopedia), unless JUnit
 * is wanted elsewhere. */
static int
add_bazel(struct reports *rs, struct err *e)
{
	const char *file = getenv("XML_OUTPUT_FILE");

	if (!file || !file[0])
		return 0;
	for (size_t i = 0; i < rs->n; i++) {
		if (strcmp(rs->v[i].reporter->name, "junit") == 0)
			return 0;
	}
	return add(rs, SLICE("junit"), file, e);
}

int
reports_open(const struct args *args, struct reports *out, struct err *e)
{
	struct reports rs = { .n = 0 };
	bool on_stdout = false;

	for (size_t i = 0; i < args->nreports; i++) {
		const char *eq = strchr(args->reports[i], '=');
		struct slice name = slice_str(args->reports[i]);

		if (eq)
			name = slice_of(args->reports[i],
					(size_t)(eq - args->reports[i]));
		if (add(&rs, name, eq ? eq + 1 : NULL, e) != 0)
			return -1;
	}
	if (args_has(args, OPT_JUNIT) &&
	    add(&rs, SLICE("junit"), args->value[OPT_JUNIT], e) != 0)
		return -1;
	if (add_bazel(&rs, e) != 0)
		return -1;
	for (size_t i = 0; i < rs.n; i++) {
		on_stdout |= !rs.v[i].file;
		if (rs.v[i].file && check_writable(rs.v[i].file, e) != 0)
			return -1;
	}
	if (!on_stdout && add(&rs, SLICE("terminal"), NULL, e) != 0)
		return -1;
	*out = rs;
	return 0;
}

static unsigned
terminal_columns(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
		return w.ws_col;
	return 80;
}

void
reports_style(const struct args *args, struct report_style *out)
{
	*out = (struct report_style){
		.colour = command_colour(args, STDOUT_FILENO),
		.columns = terminal_columns(),
		.wrap = isatty(STDOUT_FILENO),
		.verbose = args_has(args, OPT_VERBOSE),
		.junit_strict = args_is(args, OPT_JUNIT_PROFILE, "strict"),
		.junit_tapes = args_is(args, OPT_JUNIT_CASES, "tape"),
	};
}

/* Beside the report: what does not fit into it.  Its name tells its content. */
static int
put_file(void *arg, const char *name, struct slice content)
{
	const char *report = arg, *slash = strrchr(report, '/');
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct slice beside = slash ?
		slice_of(report, (size_t)(slash - report)) : SLICE(".");
	char parent[FS_PATH_MAX];

	if (beside.n >= sizeof(parent))
		return -1;
	memcpy(parent, beside.n ? beside.p : "/", beside.n ? beside.n : 1);
	parent[beside.n ? beside.n : 1] = 0;
	if (fs_join(dir, parent, REPORT_FILES, NULL) != 0 ||
	    fs_join(path, dir, name, NULL) != 0 ||
	    fs_mkdirs(dir, 0755, NULL) != 0)
		return -1;
	return access(path, F_OK) == 0 ? 0 :
		fs_write_atomic(path, 0644, content, NULL);
}

/* A file is there whole or not at all; a pipe or a device takes the bytes. */
static int
write_file(const char *path, struct slice text, struct err *e)
{
	struct stat st;
	int fd, rc;

	if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
		return fs_write_atomic(path, 0644, text, e);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_INTERNAL, "cannot write %s", path);
	rc = fs_write_all(fd, text);
	if (rc != 0)
		rc = err_sys(e, ERR_INTERNAL, "cannot write %s", path);
	close(fd);
	return rc;
}

static int
write_one(const struct report *rep, const struct results *r,
	  const struct report_style *stdout_style, struct err *e)
{
	struct report_style plain = *stdout_style;
	char file[FS_PATH_MAX] = "";
	const struct report_files files = { .put = put_file, .arg = file };
	struct buf text;
	int rc;

	plain.columns = 100;
	plain.colour = plain.verbose = plain.live = plain.wrap = false;
	if (rep->file && strlen(rep->file) < sizeof(file)) {
		memcpy(file, rep->file, strlen(rep->file) + 1);
		plain.files = &files;
	}
	buf_init(&text, REPORT_MAX_BYTES);
	rc = rep->reporter->print(r, rep->file ? &plain : stdout_style, &text,
				  e);
	if (rc == 0 && rep->file) {
		rc = write_file(rep->file, buf_slice(&text), e);
	} else if (rc == 0 &&
		   fs_write_all(STDOUT_FILENO, buf_slice(&text)) != 0 &&
		   errno != EPIPE) {	/* who stops reading knows why */
		rc = err_sys(e, ERR_INTERNAL, "writing to standard output");
	}
	buf_release(&text);
	return rc;
}

int
reports_write(const struct reports *rs, const struct results *r,
	      const struct report_style *stdout_style)
{
	int rc = 0;

	for (size_t i = 0; i < rs->n; i++) {
		struct err mine = { .code = ERR_NONE };

		if (write_one(&rs->v[i], r, stdout_style, &mine) == 0)
			continue;
		fprintf(stderr, "dvr: report %s was not written: %s\n",
			rs->v[i].reporter->name, mine.msg);
		rc = -1;
	}
	return rc;
}
