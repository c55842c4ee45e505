/*
 * Results as JSON lines: one for each tape, and one for the run behind them.
 * What scripts read, and what `dvr merge` makes every other format of.
 */
#include "json_record.h"
#include "reporters.h"

void
json_quote(struct slice s, struct buf *out)
{
	buf_addc(out, '"');
	while (s.n > 0) {
		unsigned char c = (unsigned char)s.p[0];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		if (c == '"' || c == '\\')
			buf_fmt(out, "\\%c", c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_fmt(out, "\\u%04x", c);
		else if (n <= s.n && slice_is_utf8(slice_range(s, 0, n)))
			buf_add(out, slice_range(s, 0, n));
		else {
			/* A byte that is no text stays visible. */
			buf_fmt(out, "\\\\x%02x", c);
			n = 1;
		}
		s = slice_from(s, n);
	}
	buf_addc(out, '"');
}

static const char *
verdict_word(unsigned v)
{
	return verdict_name((enum verdict)v);
}

static const char *
risk_word(unsigned v)
{
	return risk_name((enum risk)v);
}

#define VERDICT(type) \
	{ M("verdict", JSON_ENUM, AT(type, verdict)), .word = verdict_word, \
	  .words = VERDICT_SKIPPED + 1 }

static const struct json_member difference_members[] = {
	{ M("risk", JSON_ENUM, AT(difference, risk)), .word = risk_word,
	  .words = RISK_LOW + 1 },
	{ M("place", JSON_TEXT, AT(difference, place)) },
	{ M("want", JSON_TEXT, AT(difference, want)) },
	{ M("got", JSON_TEXT, AT(difference, got)) },
};
static const struct json_record difference_record =
	RECORD(difference, difference_members);

static const struct json_member case_members[] = {
	{ M("exchange", JSON_UINT, AT(case_result, exchange)) },
	{ M("name", JSON_TEXT, AT(case_result, name)) },
	{ M("line", JSON_UINT, AT(case_result, line)) },
	VERDICT(case_result),
	{ M("want", JSON_TEXT, AT(case_result, want)) },
	{ M("got", JSON_TEXT, AT(case_result, got)) },
	{ M("seconds", JSON_SECONDS, AT(case_result, seconds)) },
	{ M("type", JSON_TEXT, AT(case_result, type)), .sparing = true },
	{ M("message", JSON_TEXT, AT(case_result, message)), .sparing = true },
	{ M("errors_appeared", JSON_BOOL, AT(case_result, errors_appeared)),
	  .sparing = true },
	{ M("differences", JSON_LIST, AT(case_result, diffs)),
	  .count_at = AT(case_result, ndiffs), .record = &difference_record },
	{ M("more", JSON_SIZE, AT(case_result, more)) },
};
static const struct json_record case_record =
	RECORD(case_result, case_members);

static const struct json_member timing_members[] = {
	{ M("count", JSON_SIZE, AT(timing, count)) },
	{ M("p50_us", JSON_INT64, AT(timing, p50_us)) },
	{ M("p99_us", JSON_INT64, AT(timing, p99_us)) },
	{ M("max_us", JSON_INT64, AT(timing, max_us)) },
	{ M("drift_us", JSON_INT64, AT(timing, drift_us)) },
	{ M("mode", JSON_WORD, AT(timing, mode)) },
	{ M("realtime", JSON_BOOL, AT(timing, realtime)) },
	{ M("holds", JSON_NOT, AT(timing, alone)) },
};
static const struct json_record timing_record =
	RECORD(timing, timing_members);

static const struct json_member replay_members[] = {
	VERDICT(replay_result),
	{ M("exit_code", JSON_CODE, AT(replay_result, code)),
	  .sparing = true },
	{ M("reproduced", JSON_BOOL, AT(replay_result, reproduced)) },
	{ M("reason", JSON_TEXT, AT(replay_result, reason)) },
	{ M("seconds", JSON_SECONDS, AT(replay_result, seconds)) },
	{ M("timing", JSON_PART, AT(replay_result, timing)),
	  .count_at = AT(replay_result, timing.known), .record = &timing_record },
	{ M("isolation", JSON_WORD, AT(replay_result, isolation)) },
	{ M("notes", JSON_TEXTS, AT(replay_result, notes)),
	  .count_at = AT(replay_result, nnotes) },
	{ M("stubs", JSON_TEXT, AT(replay_result, stubs)), .sparing = true },
	{ M("unreached", JSON_TEXTS, AT(replay_result, unreached)),
	  .count_at = AT(replay_result, nunreached), .sparing = true },
	{ M("diverged", JSON_TEXT, AT(replay_result, diverged)),
	  .sparing = true },
	{ M("story", JSON_PART, AT(replay_result, story)),
	  .count_at = AT(replay_result, story.known),
	  .record = &json_story_record },
	{ M("cases", JSON_LIST, AT(replay_result, cases)),
	  .count_at = AT(replay_result, ncases), .record = &case_record },
};
static const struct json_record replay_record =
	RECORD(replay_result, replay_members);

#define SHARD(member) AT(results_shard, member)

static const struct json_member shard_members[] = {
	{ M("index", JSON_UINT, SHARD(index)) },
	{ M("of", JSON_UINT, SHARD(of)) },
	{ M("source", JSON_TEXT, SHARD(source)) },
	{ M("plan", JSON_TEXT, SHARD(plan)) },
	{ M("library", JSON_SIZE, SHARD(library)) },
	{ M("tapes", JSON_TEXTS, SHARD(ids)), .count_at = SHARD(nids) },
};
static const struct json_record shard_record =
	RECORD(results_shard, shard_members);

static const struct json_member run_members[] = {
	{ M("started_us", JSON_INT64, AT(results, started_us)) },
	{ M("seconds", JSON_SECONDS, AT(results, seconds)) },
	{ M("command", JSON_TEXT, AT(results, command)) },
	{ M("partial", JSON_BOOL, AT(results, partial)) },
	{ M("tapes", JSON_SIZE, AT(results, ntapes)) },
	{ M("shard", JSON_PART, AT(results, shard)),
	  .count_at = AT(results, shard.known), .record = &shard_record },
};
static const struct json_record run_record = RECORD(results, run_members);

/* A line is of a tape, or closes the run. */
struct line {
	struct tape_result tape;
	unsigned version;
	bool closes;
	struct results run;
};

#define TAPE(member) AT(line, tape.member)

static const struct json_member line_members[] = {
	{ M("dvr", JSON_UINT, AT(line, version)) },
	{ M("id", JSON_TEXT, TAPE(id)) },
	{ M("file", JSON_TEXT, TAPE(file)) },
	{ M("classname", JSON_TEXT, TAPE(classname)) },
	{ M("hash", JSON_TEXT, TAPE(hash)) },
	{ M("started_us", JSON_INT64, TAPE(started_us)), .sparing = true },
	{ M("verdict", JSON_ENUM, TAPE(verdict)), .word = verdict_word,
	  .words = VERDICT_SKIPPED + 1 },
	{ M("code", JSON_CODE, TAPE(code)) },
	{ M("reason", JSON_TEXT, TAPE(reason)) },
	{ M("expect", JSON_TEXT, TAPE(expect)) },
	{ M("hits", JSON_UINT, TAPE(hits)) },
	{ M("of", JSON_UINT, TAPE(of)) },
	{ M("clean", JSON_UINT, TAPE(clean)) },
	{ M("needed", JSON_UINT, TAPE(needed)) },
	{ M("unproven", JSON_BOOL, TAPE(unproven)) },
	{ M("cured", JSON_BOOL, TAPE(cured)), .sparing = true },
	{ M("retries", JSON_UINT, TAPE(retries)) },
	{ M("services_started", JSON_UINT, TAPE(started)) },
	{ M("services_reset", JSON_UINT, TAPE(resets)) },
	{ M("seconds", JSON_SECONDS, TAPE(seconds)) },
	{ M("command", JSON_TEXT, TAPE(command)) },
	{ M("log_tail", JSON_TEXT, TAPE(log_tail)) },
	{ M("replays", JSON_LIST, TAPE(replays)),
	  .count_at = TAPE(nreplays), .record = &replay_record },
	{ M("run", JSON_PART, AT(line, run)),
	  .count_at = AT(line, closes), .record = &run_record },
};
static const struct json_record line_record = RECORD(line, line_members);

static int
print(const struct results *r, const struct report_style *style UNUSED,
      struct buf *out, struct err *e)
{
	for (size_t i = 0; i < r->ntapes; i++) {
		const struct line line = { .tape = r->tapes[i], .version = 1 };

		json_record_print(&line_record, &line, out);
		buf_addc(out, '\n');
	}
	buf_adds(out, "{\"dvr\":1,\"run\":");
	json_record_print(&run_record, r, out);
	buf_adds(out, "}\n");
	if (out->full)
		return err_set(e, ERR_INTERNAL, "json report: over %zu bytes",
			       out->limit);
	return 0;
}

struct reading {
	struct results *out;
	size_t cap;
	size_t before;		/* tapes of the runs that are closed */
	bool closed;
};

/* The tape lines that came before the one that closes. */
static int
close_run(struct reading *r, const struct line *line, struct err *e)
{
	size_t said = line->run.ntapes, n = r->out->ntapes;
	struct results run = line->run;

	if (said != n - r->before)
		return err_set(e, ERR_USAGE, "the run says that it has %zu "
			       "tapes, here are %zu: lines are missing", said,
			       n - r->before);
	run.arena = r->out->arena;
	run.tapes = r->out->tapes;
	run.ntapes = n;
	*r->out = run;
	r->before = n;
	r->closed = true;
	return 0;
}

static int
take_line(struct reading *r, struct slice text, struct err *e)
{
	struct results *out = r->out;
	struct line line = { .version = 0 };

	if (json_record_read(&line_record, out->arena, text, &line, e) != 0)
		return -1;
	if (line.version != 1)
		return err_set(e, ERR_USAGE, "no line of `dvr regress "
			       "--report json`");
	if (line.closes)
		return close_run(r, &line, e);
	if (line.tape.id.n == 0)
		return err_set(e, ERR_USAGE, "a tape without \"id\"");
	out->tapes = arena_grow(out->arena, out->tapes, out->ntapes, &r->cap,
				sizeof(*out->tapes));
	out->tapes[out->ntapes++] = line.tape;
	r->closed = false;
	return 0;
}

int
results_read(struct slice text, enum results_runs runs, struct results *out,
	     struct err *e)
{
	struct reading r = { .out = out };
	size_t number = 0;

	while (text.n > 0) {
		struct slice one = slice_cut(&text, '\n');

		number++;
		if (slice_trim(one).n == 0)
			continue;
		if (r.closed && runs == RESULTS_ONE)
			return err_set(e, ERR_USAGE, "%zu: a line behind the "
				       "one that closes the run; give each "
				       "run in a file by itself", number);
		if (take_line(&r, one, e) != 0)
			return err_prefix(e, "%zu", number);
	}
	if (!r.closed)
		return err_set(e, ERR_USAGE, "no line closes the run: the "
			       "file is cut off, or an older dvr wrote it");
	return 0;
}

const struct reporter reporter_json = {
	.name = "json",
	.help = "a JSON line for each tape and one for the run: scripts, dvr "
		"merge",
	.to_stdout = true,
	.print = print,
};
