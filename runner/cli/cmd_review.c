/* dvr review TAPE…: what a reviewer has to know about a tape, on one screen. */
#include "command.h"
#include "git.h"
#include "health.h"
#include "retired.h"
#include "review.h"

#include <dvr/reporter.h>

#include <stdio.h>
#include <stdlib.h>

#include "show.h"

static const enum opt review_opts[] = { COMMON_OPTS, OPT_FORMAT, OPT_SINCE,
	OPT_COUNT };

static void
text_row(void *arg UNUSED, const char *label, struct slice text)
{
	printf("  %-12s ", label);
	show_safe(text);
	putchar('\n');
}

static void
markdown_row(void *arg UNUSED, const char *label, struct slice text)
{
	struct buf b;

	buf_init(&b, MiB);
	markdown_text(text, &b);
	printf("| %s | %s |\n", label, buf_cstr(&b));
	buf_release(&b);
}

/* A folder's name, which git takes from anybody. */
static void
put_name(const char *id, bool markdown)
{
	struct buf b;

	if (!markdown) {
		show_safe(slice_str(id));
		putchar('\n');
		return;
	}
	buf_init(&b, 64 * KiB);
	markdown_text(slice_str(id), &b);
	printf("### %s\n\n| | |\n|---|---|\n", buf_cstr(&b));
	buf_release(&b);
}

static int
review_tape(const struct review *r, bool markdown, struct err *e)
{
	struct review mine = *r;
	struct tape t;
	struct plan p;
	int rc = library_read(r->entry->dir, &t, &p, e);

	if (rc == 0) {
		mine.tape = &t;
		mine.plan = &p;
		put_name(r->entry->id, markdown);
		review_rows(&mine, markdown ? markdown_row : text_row, NULL);
		if (markdown)
			puts("");
	}
	tape_release(&t);
	return rc;
}

/* Leaves the tapes with files that differ from the ref. */
static int
since(const struct config *c, const char *ref,
      const struct library_entry **v, size_t *n, struct err *e)
{
	struct buf files;
	size_t kept = 0;
	int rc;

	buf_init(&files, GIT_MAX);
	rc = git_changed(c->fixtures, ref, &files, e);
	for (size_t i = 0; rc == 0 && i < *n; i++)
		if (git_names(buf_slice(&files), v[i]->id))
			v[kept++] = v[i];
	buf_release(&files);
	if (rc == 0)
		*n = kept;
	return rc;
}

static int
review_picked(const struct review *all, const struct args *args,
	      const struct config *c, struct words *w, struct err *e)
{
	struct review r = *all;
	const struct library_entry **v;
	bool markdown = args_is(args, OPT_FORMAT, "markdown");
	size_t n;
	int rc = 0;

	r.since = args->value[OPT_SINCE];
	if (library_pick(r.lib, args->rest, args->nrest, &v, &n, e) != 0)
		return -1;
	if (r.since)
		rc = since(c, r.since, v, &n, e);
	if (rc == 0 && n == 0)
		say(r.since ? "no tape differs from %s" : "no tapes in %s",
		    r.since ? r.since : c->fixtures);
	/* Text that two tapes of one change share is new in both. */
	if (rc == 0)
		words_learn(w, r.lib, v, n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		r.entry = v[i];
		rc = review_tape(&r, markdown, e);
		if (!markdown && i + 1 < n)
			puts("");
	}
	free(v);
	return rc;
}

static int
run(const struct args *args, struct err *e)
{
	struct config c;
	struct library lib = { 0 };
	struct words words = { 0 };
	struct review r = { .lib = &lib, .words = &words };
	struct arena *a;
	int rc;

	if (args->nrest == 0 && !args_has(args, OPT_SINCE))
		return err_set(e, ERR_USAGE, "review: which tape? `dvr ls` "
			       "lists them; --since REF takes those that "
			       "differ from a git ref");
	if (command_config(args, &c, e) != 0)
		return -1;
	a = arena_create();
	words.arena = a;
	r.fixtures = c.fixtures;
	r.max_tape_bytes = c.ledger.max_tape_bytes;
	rc = library_scan(c.fixtures, &lib, e);
	if (rc == 0)
		rc = retired_load(a, c.fixtures, &r.retired, &r.nretired, e);
	if (rc == 0)
		rc = review_picked(&r, args, &c, &words, e);
	library_release(&lib);
	arena_destroy(a);
	config_release(&c);
	return rc;
}

const struct command cmd_review = {
	.name = "review",
	.usage = "[--format markdown] [--since REF | TAPE…]",
	.summary = "what a reviewer has to know about a tape",
	.help = "Routes, trigger, what was scrubbed, credentials, how exactly it "
		"is replayed, its\nsize, and free text that no other tape of the "
		"library holds: the part that a person\nhas to look at. With "
		"--since the tapes that differ from a git ref, and what "
		"became\nof their expectation.\n\n"
		"  dvr review post-checkout-pay-500-7889a\n"
		"  dvr review --since origin/main --format markdown\n",
	.opts = review_opts,
	.tapes = true,
	.run = run,
};
