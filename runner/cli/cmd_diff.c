/* dvr diff: two tapes beside each other; a tape as text for git. */
#include "command.h"
#include "plain.h"

#include <dvr/base/fs.h>
#include <dvr/base/process.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <unistd.h>

static const enum opt diff_opts[] = { COMMON_OPTS, OPT_TEXTCONV, OPT_COUNT };

#define TEXT_MAX (256u * MiB)

/* git hands over the one file, without what lies beside it. */
static int
no_body(void *arg UNUSED, struct arena *a, const char *hash, uint64_t size,
	struct slice *out, struct err *e UNUSED)
{
	*out = arena_fmt(a, "(bodies/%s, %llu bytes)", hash,
			 (unsigned long long)size);
	return 0;
}

/* A file that is no tape is shown as it is: git asks about every version. */
static int
textconv(const char *path, struct err *e)
{
	struct err why = { .code = ERR_NONE };
	struct buf text, out;
	struct tape t;
	int rc;

	buf_init(&text, TAPE_FILE_MAX);
	buf_init(&out, TEXT_MAX);
	rc = fs_read(path, &text, e);
	if (rc == 0 && tape_parse(path, buf_slice(&text), no_body, NULL, &t,
				  &why) == 0) {
		plain_tape(&t, &out);
		tape_release(&t);
	} else if (rc == 0) {
		buf_add(&out, buf_slice(&text));
	}
	if (rc == 0 && (out.full ||
			fs_write_all(STDOUT_FILENO, buf_slice(&out)) != 0))
		rc = err_set(e, ERR_INTERNAL, "diff: writing to standard "
			     "output failed");
	buf_release(&text);
	buf_release(&out);
	return rc;
}

static int
write_text(const struct config *c, const char *what, const char *path,
	   struct err *e)
{
	char dir[4096];
	struct buf out;
	struct tape t;
	struct plan p;
	int rc;

	if (command_tape(c, what, &t, &p, dir, e) != 0)
		return -1;
	buf_init(&out, TEXT_MAX);
	plain_tape(&t, &out);
	rc = fs_write_atomic(path, 0600, buf_slice(&out), e);
	buf_release(&out);
	tape_release(&t);
	return rc;
}

static int
run_diff(const char *const *names, const char *a, const char *b, bool colour,
	 struct err *e)
{
	const char *const argv[] = { "diff", "-u", colour ? "--color=always"
		: "--color=never", "--label", names[0], "--label", names[1],
		"--", a, b, NULL };
	struct process_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1,
				     .err_fd = -1 };
	struct process_end end;
	struct process p;

	if (process_start(&spec, &p, e) != 0)
		return -1;
	if (process_wait(&p, -1, &end) != 1)
		return err_sys(e, ERR_INTERNAL, "waiting for diff");
	if (end.signalled || end.code > 1)
		return err_set(e, ERR_INTERNAL, "diff failed");
	return end.code ? ERR_MISMATCH : 0;
}

static int
compare(const struct args *args, struct err *e)
{
	const char *const names[] = { args->rest[0], args->rest[1] };
	char dir[FS_PATH_MAX], a[FS_PATH_MAX], b[FS_PATH_MAX];
	struct config c;
	int rc = -1;

	if (command_config(args, &c, e) != 0)
		return -1;
	if (fs_temp_dir("dvr-diff", dir, e) != 0)
		goto out;
	process_guard_folder(dir);
	if (fs_join(a, dir, "a", e) == 0 && fs_join(b, dir, "b", e) == 0 &&
	    write_text(&c, names[0], a, e) == 0 &&
	    write_text(&c, names[1], b, e) == 0)
		rc = run_diff(names, a, b,
			      command_colour(args, STDOUT_FILENO), e);
	fs_remove_tree(dir, NULL);
	process_unguard_folder(dir);
out:
	config_release(&c);
	return rc;
}

static int
diff(const struct args *args, struct err *e)
{
	bool text = args_has(args, OPT_TEXTCONV);

	if (args->nrest != (text ? 1u : 2u))
		return err_set(e, ERR_USAGE, text
			       ? "diff --textconv: which tape.yaml?"
			       : "diff: which two tapes? `dvr ls` lists them");
	return text ? textconv(args->rest[0], e) : compare(args, e);
}

const struct command cmd_diff = {
	.name = "diff",
	.usage = "TAPE TAPE | --textconv FILE",
	.summary = "how two tapes differ, field by field",
	.help = "Times and hashes aside. Exits with 1 when they differ. As "
		"git's textconv it makes\n`git diff` and `git log -p` show "
		"fields (.gitattributes says which files, as\n`dvr init` "
		"writes it):\n\n"
		"  git config diff.dvr.textconv 'dvr diff --textconv'\n"
		"  dvr diff checkout-pay-500 checkout-pay-500-2\n",
	.opts = diff_opts,
	.tapes = true,
	.run = diff,
};
