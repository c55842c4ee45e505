/* dvr run -- CMD: wraps a suite, records, commits what failed. */
#include "command.h"
#include "library_cap.h"
#include "recorder.h"
#include "summary.h"
#include "verify.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum opt run_opts[] = { COMMON_OPTS, OPT_TARGET, OPT_LISTEN,
	OPT_VERIFY, OPT_NO_VERIFY, OPT_STRICT, OPT_COUNT };
static const enum opt record_opts[] = { COMMON_OPTS, OPT_TARGET, OPT_LISTEN,
	OPT_VERIFY, OPT_NO_VERIFY, OPT_STRICT, OPT_COUNT };

/* Shells' codes for a command that could not be started. */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/* --target and --listen speak of the first ingress lane. */
static int
apply_flags(const struct args *args, struct config *c, struct err *e)
{
	struct lane_config *lane = NULL;

	if (args_has(args, OPT_NO_VERIFY))
		c->verify = false;
	if (args_has(args, OPT_VERIFY))
		c->verify = true;
	if (args_has(args, OPT_STRICT))
		c->strict = true;
	if (!args_has(args, OPT_TARGET) && !args_has(args, OPT_LISTEN))
		return 0;
	for (size_t i = 0; i < c->nlanes && !lane; i++) {
		if (c->lanes[i].role == LANE_INGRESS)
			lane = &c->lanes[i];
	}
	if (!lane) {
		struct lane_config *all = arena_array(c->arena, c->nlanes + 1,
						      sizeof(*all));

		if (c->nlanes)
			memcpy(all + 1, c->lanes, c->nlanes * sizeof(*all));
		lane = all;
		*lane = (struct lane_config){
			.name = arena_str(c->arena, SLICE("client")),
			.role = LANE_INGRESS, .inject = true };
		c->lanes = all;
		c->nlanes++;
	}
	if (args_has(args, OPT_LISTEN))
		lane->listen = arena_str(c->arena,
					 slice_str(args->value[OPT_LISTEN]));
	if (args_has(args, OPT_TARGET)) {
		struct url u;

		if (url_parse(slice_str(args->value[OPT_TARGET]), &u, e) != 0)
			return err_prefix(e, "--target");
		lane->target = arena_str(c->arena,
					 slice_str(args->value[OPT_TARGET]));
		c->has_service = false;	/* it runs already */
	}
	return 0;
}

/* The service did not come up: its last lines tell why. */
static void
print_log_tail(struct recorder *r)
{
	struct buf tail;

	if (!r->service || !r->scrub)
		return;
	buf_init(&tail, 256 * KiB);
	recorder_log_tail(r, &tail);
	for (struct slice rest = buf_slice(&tail), line; rest.p && rest.n;) {
		char q[QUOTE_MAX];

		line = slice_cut(&rest, '\n');
		fprintf(stderr, "  │ %s\n", quote(line, q));
	}
	buf_release(&tail);
}

static int
suite_exit_code(const struct recorder *r)
{
	if (r->suite_end.signalled)
		return 128 + r->suite_end.code;
	return r->suite_end.code;
}

/* The suite's own code, unless it is green and something of ours is not. */
static int
exit_code(const struct recorder *r, bool suite, const struct recorded *seen)
{
	int rc = suite ? suite_exit_code(r) : 0;

	if (rc != 0)
		return rc;
	if (seen->trouble && r->cfg->on_dvr_error == DVR_ERROR_FAIL)
		return ERR_INTERNAL;
	if (seen->incomplete && r->cfg->strict) {
		say("strict: a failure was not recorded whole; see above");
		return ERR_TAPE;
	}
	return 0;
}

struct mode {
	const char *name;
	char **argv;		/* NULL: record until a signal */
};

static int
recording(const struct args *args, const struct mode *m, struct err *e)
{
	struct config cfg;
	struct recorder r;
	struct verified *verified = NULL;
	struct summary_style style;
	struct recorded seen;
	int rc = ERR_INTERNAL;

	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	r = (struct recorder){ .flags = { args->value[OPT_CONFIG],
					  args->value[OPT_FIXTURES] } };
	style.colour = command_colour(args, STDERR_FILENO);
	if (apply_flags(args, &cfg, e) != 0)
		goto out;
	if (recorder_start(&r, &cfg, e) != 0) {
		print_log_tail(&r);
		goto out;
	}
	if (m->argv) {
		if (recorder_start_suite(&r, m->argv, e) != 0) {
			rc = errno == ENOENT ? EXIT_NOT_FOUND :
					       EXIT_NOT_EXECUTABLE;
			fprintf(stderr, "dvr: %s\n", e->msg);
			*e = (struct err){ .code = ERR_NONE };
			goto out;
		}
	} else if (!args_has(args, OPT_QUIET)) {
		for (size_t i = 0; i < cfg.nlanes; i++)
			say("lane %s: %s → %s", cfg.lanes[i].name,
			    proxy_url(r.proxy, i), cfg.lanes[i].target ?
			    cfg.lanes[i].target : "wherever they go");
		if (r.trust)
			say("certificates to believe: SSL_CERT_FILE=%s",
			    trust_bundle(r.trust));
	}
	if (recorder_wait(&r, e) != 0)
		goto out;
	recorder_finish(&r);
	if (cfg.verify)
		verified = verify_new_tapes(&r);
	style.quiet = args_has(args, OPT_QUIET);
	summary_print(&r, verified, &style, &seen);
	if (seen.fresh)
		library_cap_tell(&cfg);
	rc = exit_code(&r, m->argv != NULL, &seen);
out:
	free(verified);
	recorder_destroy(&r);
	config_release(&cfg);
	return rc;
}

static int
run(const struct args *args, struct err *e)
{
	if (args->nrest == 0)
		return err_set(e, ERR_USAGE, "run: which command? "
			       "For example: dvr run -- npm test");
	return recording(args, &(struct mode){ "run", args->rest }, e);
}

static int
record(const struct args *args, struct err *e)
{
	if (args->nrest)
		return err_set(e, ERR_USAGE, "record takes no command; "
			       "`dvr run -- CMD` wraps one");
	return recording(args, &(struct mode){ "record", NULL }, e);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[options] [--] CMD [ARG…]",
	.summary = "wrap a suite: record its traffic, commit what fails",
	.help = "Starts the configured service, opens the lanes, runs CMD with "
		"DVR_BASE_URL\n(the URL to test against), DVR_CONTROL_URL and "
		"the lanes' variables, and exits\nwith CMD's own code (127: not "
		"found, 128+n: killed by signal n).\n\n"
		"  dvr run -- pytest tests/integration\n"
		"  dvr run --target http://localhost:8080 -- npm test\n",
	.opts = run_opts,
	.to_operand = true,
	.run = run,
};

const struct command cmd_record = {
	.name = "record",
	.usage = "[options]",
	.summary = "the same without a suite, until Ctrl-C or SIGTERM",
	.help = "  dvr record --listen 127.0.0.1:9000 --target "
		"http://localhost:8080\n",
	.opts = record_opts,
	.run = record,
};
