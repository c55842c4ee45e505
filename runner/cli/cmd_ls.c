/* dvr ls: the tapes of the library, a line each. */
#include "command.h"
#include "health.h"

#include <dvr/base/plural.h>
#include <dvr/reporter.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>

static const enum opt ls_opts[] = { COMMON_OPTS, OPT_STALE, OPT_FLAKY,
	OPT_DUPLICATE, OPT_JSON, OPT_COUNT };

struct listing {
	const struct args *args;
	struct library lib;
	struct arena *arena;
	struct last_run last;
	size_t shown;
};

static void
print_json(const struct library_entry *x, const struct tape *t,
	   const struct plan *p, struct slice why)
{
	struct buf b;

	buf_init(&b, MiB);
	buf_adds(&b, "{\"id\":");
	json_quote(slice_str(x->id), &b);
	buf_adds(&b, ",\"dir\":");
	json_quote(slice_str(x->dir), &b);
	buf_adds(&b, ",\"trigger\":");
	json_quote(slice_str(trigger_kind_name(t->trigger.kind)), &b);
	buf_fmt(&b, ",\"value\":%d,\"exchange\":%u,\"exchanges\":%zu,"
		    "\"expect\":\"%s\",\"hits\":%u,\"of\":%u",
		t->trigger.value, t->trigger.exchange, t->nexchanges,
		expect_name(p->expect), p->hits, p->of);
	if (why.n) {
		buf_adds(&b, ",\"why\":");
		json_quote(why, &b);
	}
	buf_addc(&b, '}');
	puts(buf_cstr(&b));
	buf_release(&b);
}

static void
print_line(const struct library_entry *x, const struct tape *t,
	   const struct plan *p, struct slice why)
{
	char proof[32] = "unproven";

	if (p->hits)
		snprintf(proof, sizeof(proof), "%u/%u", p->hits, p->of);
	printf("%-44s %-11s %4zu exchange%-1s  %s %d  reproduces %s\n",
	       x->id, expect_name(p->expect), t->nexchanges,
	       plural(t->nexchanges), trigger_kind_name(t->trigger.kind),
	       t->trigger.value, proof);
	if (why.n)
		printf("    %.*s\n", SLICE_ARG(why));
}

static void
add_reason(struct buf *why, const struct buf *more)
{
	buf_adds(why, why->n ? "; " : "");
	buf_add(why, buf_slice(more));
}

/* Is it asked for?  The reasons why, where one has to be. */
static bool
is_wanted(const struct listing *g, const struct library_entry *x,
	  const struct tape *t, const struct plan *p, struct buf *why)
{
	const struct args *args = g->args;
	struct buf stale, flaky, twin;
	bool all = !args_has(args, OPT_STALE) && !args_has(args, OPT_FLAKY) &&
		!args_has(args, OPT_DUPLICATE);

	buf_init(&stale, 64 * KiB);
	buf_init(&flaky, 64 * KiB);
	buf_init(&twin, 64 * KiB);
	if (args_has(args, OPT_STALE) && health_stale(t, p, &stale))
		add_reason(why, &stale);
	if (args_has(args, OPT_FLAKY) &&
	    health_flaky(p, last_run_find(&g->last, slice_str(x->id)), &flaky))
		add_reason(why, &flaky);
	if (args_has(args, OPT_DUPLICATE) &&
	    health_duplicate(&g->lib, x, &twin))
		add_reason(why, &twin);
	buf_release(&stale);
	buf_release(&flaky);
	buf_release(&twin);
	return all || why->n > 0;
}

static int
list_tape(struct listing *g, const struct library_entry *x)
{
	struct err mine = { .code = ERR_NONE };
	struct buf why;
	struct tape t;
	struct plan p;
	int rc = 0;

	buf_init(&why, 64 * KiB);
	if (library_read(x->dir, &t, &p, &mine) != 0) {
		fprintf(stderr, "dvr: %s\n", mine.msg);
		rc = ERR_TAPE;
	} else if (is_wanted(g, x, &t, &p, &why)) {
		g->shown++;
		if (args_has(g->args, OPT_JSON))
			print_json(x, &t, &p, buf_slice(&why));
		else
			print_line(x, &t, &p, buf_slice(&why));
	}
	tape_release(&t);
	buf_release(&why);
	return rc;
}

static int
ls(const struct args *args, struct err *e)
{
	struct listing g = { .args = args };
	struct config cfg;
	int rc = 0;

	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	if (library_scan(cfg.fixtures, &g.lib, e) != 0) {
		config_release(&cfg);
		return ERR_USAGE;
	}
	g.arena = arena_create();
	last_run_load(&cfg, g.arena, &g.last);
	for (size_t i = 0; i < g.lib.n; i++) {
		int one = list_tape(&g, &g.lib.v[i]);

		rc = one ? one : rc;
	}
	if (g.lib.n == 0 && !args_has(args, OPT_QUIET))
		say("no tapes in %s", cfg.fixtures);
	else if (g.shown == 0 && rc == 0 && !args_has(args, OPT_QUIET))
		say("no such tape among %zu", g.lib.n);
	arena_destroy(g.arena);
	library_release(&g.lib);
	config_release(&cfg);
	return rc;
}

const struct command cmd_ls = {
	.name = "ls",
	.usage = "[options]",
	.summary = "list the tape library",
	.help = "--stale: never reproduced, its quarantine over, or nothing "
		"decided about it for half\na year. --flaky: its failure came "
		"in some of the verifying replays only, or its\nverdict went to "
		"and fro in the last runs here. --duplicate: the same failure "
		"as\nanother tape's.\n\n"
		"  dvr ls\n  dvr ls --json\n  dvr ls --stale --duplicate\n",
	.opts = ls_opts,
	.run = ls,
};
