/* dvr init: a first dvr.yaml and CI files for the repository that it stands in. */
#include "command.h"
#include "init.h"

#include <dvr/base/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum opt init_opts[] = { OPT_DRY_RUN, OPT_QUIET, OPT_HELP,
				      OPT_COUNT };

struct init {
	struct guess guess;
	bool dry, quiet;
	unsigned kept;		/* files that were there already */
};

/* Never over a file that is there, not even one that has just come. */
static int
write_new(struct init *in, const char *path, struct slice text, struct err *e)
{
	int fd;

	if (in->dry) {
		printf("# ---- %s%s\n%.*s\n", path,
		       init_exists(path) ? " (is there already: untouched)" : "",
		       SLICE_ARG(text));
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST) {
		in->kept++;
		say("%s is there already: untouched", path);
		return 0;
	}
	if (fd < 0)
		return err_set(e, ERR_USAGE, "cannot write %s: %s", path,
			       strerror(errno));
	if (fs_write_all(fd, text) != 0 || close(fd) != 0) {
		err_set(e, ERR_USAGE, "cannot write %s: %s", path,
			strerror(errno));
		unlink(path);
		return -1;
	}
	if (!in->quiet)
		say("wrote %s", path);
	return 0;
}

static int
write_attributes(struct init *in, struct err *e)
{
	return write_new(in, ".gitattributes", SLICE(
		"# Tapes are hashed: no checkout and no merge may change a byte "
		"of them.\n"
		"# git config diff.dvr.textconv 'dvr diff --textconv'   shows "
		"them by fields\n"
		"fixtures/**/bodies/* binary\n"
		"fixtures/**/state/* binary\n"
		"fixtures/**/tape.yaml text eol=lf -merge diff=dvr "
		"linguist-generated\n"
		"fixtures/**/replay.yaml text eol=lf\n"
		"fixtures/**/retired.yaml text eol=lf merge=union\n"), e);
}

static int
write_files(struct init *in, struct slice name, struct err *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, MiB);
	init_config_text(&in->guess, name, &b);
	if (write_new(in, "dvr.yaml", buf_slice(&b), e) != 0 ||
	    write_attributes(in, e) != 0)
		goto out;
	if (in->guess.github) {
		buf_clear(&b);
		init_github_text(&in->guess, &b);
		if ((!in->dry && fs_mkdirs(".github/workflows", 0755, e) != 0) ||
		    write_new(in, ".github/workflows/dvr.yml", buf_slice(&b),
			      e) != 0)
			goto out;
	}
	if (in->guess.gitlab) {
		buf_clear(&b);
		init_gitlab_text(&in->guess, &b);
		if ((!in->dry && fs_mkdirs(".gitlab", 0755, e) != 0) ||
		    write_new(in, ".gitlab/dvr.yml", buf_slice(&b), e) != 0)
			goto out;
	}
	rc = 0;
out:
	buf_release(&b);
	return rc;
}

static void
tell_next(const struct init *in)
{
	const struct guess *g = &in->guess;

	say("next: %s", g->command.n ? "look through dvr.yaml, then"
		: "say in dvr.yaml how the service is started, then");
	say("  dvr doctor                 what works on this machine");
	say("  dvr run -- %.*s", g->suite.n ? (int)g->suite.n : 3,
	    g->suite.n ? g->suite.p : "CMD");
	say("  dvr verify --staged        as a pre-commit hook: no secret "
	    "gets into git");
	if (g->github)
		say("  .github/workflows/dvr.yml  put dvr's repository for OWNER");
	if (g->gitlab)
		say("  .gitlab-ci.yml             add: include: "
		    "{local: .gitlab/dvr.yml}, and dvr's project for OWNER");
}

static int
init(const struct args *args, struct err *e)
{
	struct init in = { .dry = args_has(args, OPT_DRY_RUN),
			   .quiet = args_has(args, OPT_QUIET) };
	struct arena *a;
	char cwd[FS_PATH_MAX];
	const char *name;

	if (args->nrest)
		return err_set(e, ERR_USAGE, "init takes no operand; it looks at "
					     "the folder it stands in");
	if (!getcwd(cwd, sizeof(cwd)))
		return err_set(e, ERR_USAGE, "no working folder: %s",
			       strerror(errno));
	name = strrchr(cwd, '/');
	name = name && name[1] ? name + 1 : "service";
	a = arena_create();
	init_look(a, &in.guess);
	if (write_files(&in, slice_str(name), e) == 0 && !in.dry && !in.quiet)
		tell_next(&in);
	arena_destroy(a);
	return 0;
}

const struct command cmd_init = {
	.name = "init",
	.usage = "[--dry-run]",
	.summary = "write a first dvr.yaml and CI files for this repository",
	.help = "Looks at package.json, Procfile, manage.py, pyproject.toml, "
		"requirements.txt,\ngo.mod, .env files, docker-compose files, "
		".github and .gitlab-ci.yml. A file that\nis there already is "
		"never touched.\n\n"
		"  dvr init --dry-run           # shows what it would write\n",
	.opts = init_opts,
	.run = init,
};
