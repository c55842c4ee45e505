/* dvr ls: the tapes of the library, a line each. */
#include "command.h"

#include <dvr/base/plural.h>
#include <dvr/reporter.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>

static const enum opt ls_opts[] = { COMMON_OPTS, OPT_JSON, OPT_COUNT };

static void
print_json(const struct tape *t, const struct plan *p, const char *dir)
{
	struct buf b;

	buf_init(&b, MiB);
	buf_adds(&b, "{\"id\":");
	json_quote(t->id, &b);
	buf_adds(&b, ",\"dir\":");
	json_quote(slice_str(dir), &b);
	buf_adds(&b, ",\"trigger\":");
	json_quote(slice_str(trigger_kind_name(t->trigger.kind)), &b);
	buf_fmt(&b, ",\"value\":%d,\"exchange\":%u,\"exchanges\":%zu,"
		    "\"expect\":\"%s\",\"hits\":%u,\"of\":%u}",
		t->trigger.value, t->trigger.exchange, t->nexchanges,
		expect_name(p->expect), p->hits, p->of);
	puts(buf_cstr(&b));
	buf_release(&b);
}

static void
print_line(const struct tape *t, const struct plan *p)
{
	char proof[32] = "unproven";

	if (p->hits)
		snprintf(proof, sizeof(proof), "%u/%u", p->hits, p->of);
	printf("%-44.*s %-11s %4zu exchange%-1s  %s %d  reproduces %s\n",
	       SLICE_ARG(t->id), expect_name(p->expect), t->nexchanges,
	       plural(t->nexchanges), trigger_kind_name(t->trigger.kind),
	       t->trigger.value, proof);
}

static int
ls(const struct args *args, struct err *e)
{
	struct config cfg;
	struct library lib;
	int rc = 0;

	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	if (library_scan(cfg.fixtures, &lib, e) != 0) {
		config_release(&cfg);
		return ERR_USAGE;
	}
	for (size_t i = 0; i < lib.n; i++) {
		struct err mine = { .code = ERR_NONE };
		struct tape t;
		struct plan p;

		if (library_read(lib.v[i].dir, &t, &p, &mine) != 0) {
			fprintf(stderr, "dvr: %s\n", mine.msg);
			rc = ERR_TAPE;
		} else if (args_has(args, OPT_JSON)) {
			print_json(&t, &p, lib.v[i].dir);
		} else {
			print_line(&t, &p);
		}
		tape_release(&t);
	}
	if (lib.n == 0 && !args_has(args, OPT_QUIET))
		say("no tapes in %s", cfg.fixtures);
	library_release(&lib);
	config_release(&cfg);
	return rc;
}

const struct command cmd_ls = {
	.name = "ls",
	.usage = "[options]",
	.summary = "list the tape library",
	.help = "  dvr ls\n  dvr ls --json\n",
	.opts = ls_opts,
	.run = ls,
};
