/* dvr verify: is there a secret in the library, or in a file? */
#include "audit.h"
#include "audit_staged.h"
#include "command.h"

#include <dvr/base/mem.h>
#include <dvr/base/plural.h>
#include <dvr/reporter.h>

#include <stdio.h>
#include <stdlib.h>

static const enum opt verify_opts[] = { COMMON_OPTS, OPT_JSON, OPT_STRICT,
	OPT_STAGED, OPT_COUNT };

struct output {
	bool json;
	unsigned leaks;
};

static void
print_json(const struct leak *x)
{
	struct buf b;

	buf_init(&b, MiB);
	buf_adds(&b, "{\"file\":");
	json_quote(slice_str(x->file), &b);
	buf_fmt(&b, ",\"line\":%u,\"rule\":", x->line);
	json_quote(x->rule, &b);
	buf_adds(&b, ",\"place\":");
	json_quote(x->place, &b);
	buf_adds(&b, "}");
	puts(buf_cstr(&b));
	buf_release(&b);
}

static void
found(void *arg, const struct leak *x)
{
	struct output *o = arg;
	char file[QUOTE_MAX], rule[QUOTE_MAX], place[QUOTE_MAX];

	o->leaks++;
	if (o->json)
		print_json(x);
	else
		printf("%s:%u: %s%s%s\n", quote(slice_str(x->file), file),
		       x->line, quote(x->rule, rule), x->place.n ? " at " : "",
		       quote(x->place, place));
}

static void
tell(const struct audit *a, unsigned leaks)
{
	say("%u finding%s in %u tape%s and %u other file%s", leaks,
	    plural(leaks), a->tapes, plural(a->tapes),
	    a->files, plural(a->files));
	if (a->unreadable > 0)
		say("%u of the tapes cannot be read and %s looked through as "
		    "text only", a->unreadable,
		    a->unreadable == 1 ? "was" : "were");
}

static int
look(struct audit *a, const struct args *args, const char *fixtures,
     struct err *e)
{
	const char **paths = mem_array(args->nrest + 1, sizeof(*paths));
	int rc = 0;

	for (size_t i = 0; i < args->nrest; i++)
		paths[i] = args->rest[i];
	if (args_has(args, OPT_STAGED))
		rc = audit_staged(a, paths, args->nrest, e);
	else if (args->nrest == 0)
		rc = audit_path(a, fixtures, e);
	for (size_t i = 0; rc == 0 && !args_has(args, OPT_STAGED) &&
	     i < args->nrest; i++)
		rc = audit_path(a, paths[i], e);
	free(paths);
	return rc;
}

static int
verify(const struct args *args, struct err *e)
{
	struct output o = { .json = args_has(args, OPT_JSON) };
	bool quiet = args_has(args, OPT_QUIET);
	struct audit a = { .fn = found, .arg = &o, .quiet = quiet };
	struct config cfg;
	int rc;

	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	a.scrub = command_scrub(&cfg, e);
	rc = a.scrub ? look(&a, args, cfg.fixtures, e) : -1;
	if (rc == 0 && !quiet)
		tell(&a, o.leaks);
	if (rc == 0 && o.leaks > 0)
		rc = ERR_MISMATCH;
	else if (rc == 0 && a.unreadable > 0 && args_has(args, OPT_STRICT))
		rc = ERR_TAPE;
	audit_release(&a);
	if (a.scrub)
		scrub_destroy(a.scrub);
	config_release(&cfg);
	return rc;
}

const struct command cmd_verify = {
	.name = "verify",
	.usage = "[options] [FOLDER|FILE…]",
	.summary = "look for secrets in the tape library, or in files",
	.help = "Looks through tapes, replay.yaml, bodies and state, codings "
		"undone, with all\ndetectors and the configured rules.  Prints "
		"file, line, what it is and where, never\nthe value.  Exits "
		"with 1 when something was found.\n\n"
		"  dvr verify                     the library\n"
		"  dvr verify fixtures/shop       any folder, at any depth\n"
		"  dvr verify --staged            what git would commit, as it "
		"is staged: a hook\n"
		"  dvr verify --staged fixtures   no more than that of it\n\n"
		"As a pre-commit hook:\n"
		"  printf '#!/bin/sh\\nexec dvr verify --staged\\n' "
		">.git/hooks/pre-commit\n"
		"  chmod +x .git/hooks/pre-commit\n",
	.opts = verify_opts,
	.run = verify,
};
