/* dvr shard: who would try which tapes. */
#include "regression.h"
#include "shard.h"

#include <dvr/base/plural.h>
#include <dvr/reporter.h>

#include <dvr/base/fs.h>
#include <stdlib.h>
#include <unistd.h>

static const enum opt shard_opts[] = { COMMON_OPTS, OPT_PLAN, OPT_SHARDS,
	OPT_TIMINGS, OPT_PLAN_FORMAT, OPT_COUNT };

/* One shard of a plan, summed up. */
struct share {
	size_t tapes;
	uint64_t ms;
};

static struct share
share_of(const struct shard_plan *p, unsigned index)
{
	struct share s = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		if (p->shard[i] != index)
			continue;
		s.tapes++;
		s.ms += p->ms[i];
	}
	return s;
}

static void
print_seconds(uint64_t ms, struct buf *out)
{
	buf_fmt(out, "%llu.%03llu", (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000));
}

static void
print_text(const struct regression *g, const struct shard_plan *p,
	   struct buf *out)
{
	for (unsigned k = 1; k <= p->of; k++) {
		struct share s = share_of(p, k);

		buf_fmt(out, "%u/%u  %zu tape%s, about ", k, p->of, s.tapes,
			plural(s.tapes));
		print_seconds(s.ms, out);
		buf_adds(out, " s\n");
		for (size_t i = 0; i < p->n; i++) {
			if (p->shard[i] != k)
				continue;
			buf_adds(out, "  ");
			print_seconds(p->ms[i], out);
			buf_adds(out, "  ");
			line_print(slice_str(g->picked[i]->id), out);
			buf_addc(out, '\n');
		}
	}
}

static void
print_ids(const struct regression *g, const struct shard_plan *p, unsigned k,
	  struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < p->n; i++) {
		if (p->shard[i] != k)
			continue;
		buf_adds(out, comma);
		json_quote(slice_str(g->picked[i]->id), out);
		comma = ",";
	}
}

/* With names for tools; GitHub bears no long lists in a matrix. */
static void
print_json(const struct regression *g, const struct shard_plan *p, bool names,
	   struct buf *out)
{
	buf_adds(out, "{\"include\":[");
	for (unsigned k = 1; k <= p->of; k++) {
		struct share s = share_of(p, k);

		buf_fmt(out, "%s{\"shard\":\"%u/%u\",\"index\":%u,"
			"\"total\":%u,\"tapes\":%zu,\"seconds\":",
			k > 1 ? "," : "", k, p->of, k, p->of, s.tapes);
		print_seconds(s.ms, out);
		if (names) {
			buf_adds(out, ",\"ids\":[");
			print_ids(g, p, k, out);
			buf_addc(out, ']');
		}
		buf_addc(out, '}');
	}
	buf_fmt(out, "]%s%s%s}\n", names ? ",\"plan\":\"" : "",
		names ? p->hash : "", names ? "\"" : "");
}

static int
print_plan(const struct args *args, const struct regression *g,
	   const struct shard_plan *p, struct err *e)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, 64 * (size_t)MiB);
	if (args_is(args, OPT_PLAN_FORMAT, "json"))
		print_json(g, p, true, &text);
	else if (args_is(args, OPT_PLAN_FORMAT, "github-matrix"))
		print_json(g, p, false, &text);
	else
		print_text(g, p, &text);
	if (fs_write_all(STDOUT_FILENO, buf_slice(&text)) != 0)
		rc = err_sys(e, ERR_INTERNAL, "writing to standard output");
	buf_release(&text);
	return rc;
}

/* More shards than tapes would be machines that start for nothing; a matrix
 * must have one. */
static unsigned
useful(unsigned wanted, size_t tapes)
{
	if (tapes == 0)
		return 1;
	return tapes < wanted ? (unsigned)tapes : wanted;
}

static int
shard(const struct args *args, struct err *e)
{
	struct regression g = { .jobs = 1 };
	struct shard_plan p;
	unsigned n = 0;
	struct config cfg;
	int rc = -1;

	if (!args_has(args, OPT_PLAN))
		return err_set(e, ERR_USAGE, "nothing to do; dvr shard --plan "
			       "--shards N shows who tries which tapes");
	if (command_uint(args, OPT_SHARDS, SHARDS_MAX, &n, e) != 0)
		return ERR_USAGE;
	if (n == 0)
		return err_set(e, ERR_USAGE, "--plan needs --shards N, from 1 "
			       "to %d", SHARDS_MAX);
	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	g.cfg = &cfg;
	g.results.arena = arena_create();
	if (regression_select(&g, args, e) == 0 &&
	    shard_plan(g.picked, g.npicked, useful(n, g.npicked),
		       args->value[OPT_TIMINGS], &p, e) == 0) {
		rc = print_plan(args, &g, &p, e);
		shard_plan_release(&p);
	}
	free(g.picked);
	library_release(&g.lib);
	arena_destroy(g.results.arena);
	config_release(&cfg);
	return rc;
}

const struct command cmd_shard = {
	.name = "shard",
	.usage = "--plan --shards N [options] [TAPE…]",
	.summary = "divide the tape library between machines",
	.help = "Shows who would try which tapes.  The same plan is what each "
		"machine works out\nfor `dvr regress --shard I/N`.  "
		"--shards is lowered to the number of tapes.\n\n"
		"  dvr shard --plan --shards 7\n"
		"  dvr shard --plan --shards 7 --timings results.jsonl\n"
		"  echo \"matrix=$(dvr shard --plan --shards 7 "
		"--format github-matrix)\" >>\"$GITHUB_OUTPUT\"\n",
	.opts = shard_opts,
	.tapes = true,
	.run = shard,
};
