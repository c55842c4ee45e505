/* Results as JSON lines, one tape each: what scripts and shards read. */
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

static void
member(const char *name, struct slice value, struct buf *out)
{
	buf_fmt(out, ",\"%s\":", name);
	json_quote(value, out);
}

static void
number(const char *name, double seconds, struct buf *out)
{
	buf_fmt(out, ",\"%s\":", name);
	seconds_print(seconds, out);
}

static void
print_case(const struct case_result *c, struct buf *out)
{
	buf_fmt(out, "{\"exchange\":%u", c->exchange);
	member("name", c->name, out);
	buf_fmt(out, ",\"line\":%u,\"verdict\":\"%s\"", c->line,
		verdict_name(c->verdict));
	member("want", c->want, out);
	member("got", c->got, out);
	number("seconds", c->seconds, out);
	if (c->message.n) {
		member("type", c->type, out);
		member("message", c->message, out);
	}
	buf_adds(out, ",\"differences\":[");
	for (size_t i = 0; i < c->ndiffs; i++) {
		buf_fmt(out, "%s{\"risk\":\"%s\"", i ? "," : "",
			risk_name(c->diffs[i].risk));
		member("place", c->diffs[i].place, out);
		member("want", c->diffs[i].want, out);
		member("got", c->diffs[i].got, out);
		buf_addc(out, '}');
	}
	buf_fmt(out, "],\"more\":%zu}", c->more);
}

static void
print_replay(const struct replay_result *r, struct buf *out)
{
	buf_fmt(out, "{\"verdict\":\"%s\",\"reproduced\":%s",
		verdict_name(r->verdict), r->reproduced ? "true" : "false");
	member("reason", r->reason, out);
	number("seconds", r->seconds, out);
	if (r->timing.known)
		buf_fmt(out, ",\"timing\":{\"count\":%zu,\"p50_us\":%lld,"
			"\"p99_us\":%lld,\"max_us\":%lld,\"drift_us\":%lld,"
			"\"mode\":\"%s\",\"realtime\":%s,\"holds\":%s}",
			r->timing.count, (long long)r->timing.p50_us,
			(long long)r->timing.p99_us,
			(long long)r->timing.max_us,
			(long long)r->timing.drift_us,
			r->timing.mode ? r->timing.mode : "recorded",
			r->timing.realtime ? "true" : "false",
			r->timing.alone ? "false" : "true");
	if (r->isolation)
		member("isolation", slice_str(r->isolation), out);
	buf_adds(out, ",\"notes\":[");
	for (size_t i = 0; i < r->nnotes; i++) {
		if (i)
			buf_addc(out, ',');
		json_quote(r->notes[i], out);
	}
	buf_addc(out, ']');
	if (r->stubs.n)
		member("stubs", r->stubs, out);
	buf_adds(out, ",\"cases\":[");
	for (size_t i = 0; i < r->ncases; i++) {
		if (i)
			buf_addc(out, ',');
		print_case(&r->cases[i], out);
	}
	buf_adds(out, "]}");
}

static void
print_tape(const struct tape_result *t, struct buf *out)
{
	buf_adds(out, "{\"dvr\":1");
	member("id", t->id, out);
	member("file", t->file, out);
	member("classname", t->classname, out);
	member("hash", t->hash, out);
	buf_fmt(out, ",\"verdict\":\"%s\",\"code\":%d",
		verdict_name(t->verdict), (int)t->code);
	member("reason", t->reason, out);
	member("expect", t->expect, out);
	buf_fmt(out, ",\"hits\":%u,\"of\":%u,\"clean\":%u,\"needed\":%u,"
		"\"unproven\":%s,\"retries\":%u,\"services_started\":%u,"
		"\"services_reset\":%u", t->hits, t->of, t->clean,
		t->needed, t->unproven ? "true" : "false", t->retries,
		t->started, t->resets);
	number("seconds", t->seconds, out);
	member("command", t->command, out);
	member("log_tail", t->log_tail, out);
	buf_adds(out, ",\"replays\":[");
	for (size_t i = 0; i < t->nreplays; i++) {
		if (i)
			buf_addc(out, ',');
		print_replay(&t->replays[i], out);
	}
	buf_adds(out, "]}\n");
}

static int
print(const struct results *r, const struct report_style *style UNUSED,
      struct buf *out, struct err *e)
{
	for (size_t i = 0; i < r->ntapes; i++)
		print_tape(&r->tapes[i], out);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "json report: over %zu bytes",
			       out->limit);
	return 0;
}

const struct reporter reporter_json = {
	.name = "json",
	.help = "one JSON line a tape, with replays, cases and differences",
	.to_stdout = true,
	.print = print,
};
