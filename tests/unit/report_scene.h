/* Results built by hand, one tape a verdict, for the reporters' tests. */
#ifndef DVR_TESTS_REPORT_SCENE_H
#define DVR_TESTS_REPORT_SCENE_H

#include <dvr/base/fs.h>
#include <dvr/reporter.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that break readers: control bytes, ANSI, bad UTF-8, runner commands,
 * XML, U+FFFE, a right-to-left override. */
#define HOSTILE "\x1b[31mred\x1b[0m \x07 \xff\xfe ]]> <&\"' ::error::x " \
		"##[error]y \xef\xbf\xbe \xe2\x80\xae" "end\r\n::warning::z"

struct report_scene {
	struct difference diffs[3];
	struct slice notes[1];
	struct case_result good[2], bad[4], hostile[1], flaky[1], known[1],
		quiet[1];
	struct replay_result replays[8];
	struct tape_result tapes[7];
	struct results r;
};

static inline struct case_result
scene_case(uint32_t id, const char *name, const char *want, const char *got)
{
	return (struct case_result){ .exchange = id, .name = slice_str(name),
				     .line = 10 * id,
				     .want = slice_str(want),
				     .got = slice_str(got),
				     .seconds = 0.0119 * id };
}

static inline void
scene_blame(struct case_result *c, enum verdict v, const char *type,
	    const char *message)
{
	c->verdict = v;
	c->type = slice_str(type);
	c->message = slice_str(message);
}

static inline struct replay_result
scene_replay(enum verdict v, const char *reason, struct case_result *cases,
	     size_t n)
{
	return (struct replay_result){ .verdict = v,
				       .reason = slice_str(reason),
				       .cases = cases, .ncases = n,
				       .seconds = 0.4 };
}

static inline struct tape_result
scene_tape(const char *id, enum verdict v, const char *reason,
	   struct replay_result *replays, size_t n)
{
	return (struct tape_result){
		.id = slice_str(id), .file = slice_str("fixtures/x/tape.yaml"),
		.classname = slice_str("dvr.x"),
		.started_us = 1795000000123456, .verdict = v,
		.reason = slice_str(reason), .expect = slice_str("fixed"),
		.hits = 3, .of = 3, .clean = v == VERDICT_PASS, .needed = 1,
		.replays = replays, .nreplays = n,
		.command = slice_str("dvr regress x"),
		.hash = slice_str("7889a"), .seconds = 0.4125,
	};
}

static inline void
scene_cases(struct report_scene *s)
{
	static const char again[] = "the recorded failure came again: POST "
		"/api/v2/checkout/process_payment (exchange 5): 500";

	s->good[0] = scene_case(1, "POST /init", "200", "200");
	s->good[1] = scene_case(2, "POST /pay", "500", "200");
	s->bad[0] = scene_case(1, "POST /api/v2/checkout/init", "200", "200");
	s->bad[1] = scene_case(2, "POST /api/v2/checkout/add_item", "200",
			       "200");
	s->bad[2] = scene_case(4, "POST /api/v2/checkout/add_item [2]", "200",
			       "200");
	s->bad[3] = scene_case(5, "POST /api/v2/checkout/process_payment",
			       "500", "500");
	scene_blame(&s->bad[3], VERDICT_FAILED, "dvr.reproduced", again);
	s->diffs[0] = (struct difference){ .risk = RISK_HIGH,
		.place = SLICE("5.resp.body#/total"),
		.want = SLICE("1"), .got = SLICE("(none)") };
	s->diffs[1] = (struct difference){ .risk = RISK_MEDIUM,
		.place = SLICE("5.resp.body#/name"),
		.want = SLICE("a"), .got = SLICE("b") };
	s->diffs[2] = (struct difference){ .risk = RISK_LOW,
		.place = SLICE("5.resp.header/x-new"),
		.want = SLICE("(none)"), .got = SLICE("(3 bytes)") };
	s->bad[3].diffs = s->diffs;
	s->bad[3].ndiffs = 3;
	s->bad[3].more = 2;
	s->hostile[0] = scene_case(1, "GET /" HOSTILE, "200", HOSTILE);
	scene_blame(&s->hostile[0], VERDICT_ERROR, "symbol", HOSTILE);
	s->flaky[0] = scene_case(1, "GET /f", "500", "200");
	scene_blame(&s->flaky[0], VERDICT_FLAKY, "dvr.transport", "no port");
	s->known[0] = scene_case(1, "GET /k", "500", "500");
	scene_blame(&s->known[0], VERDICT_XFAIL, "dvr.reproduced", "again");
	s->quiet[0] = scene_case(1, "GET /q", "500", "500");
	scene_blame(&s->quiet[0], VERDICT_SKIPPED, "dvr.reproduced", "again");
}

static inline void
report_scene_init(struct report_scene *s)
{
	struct replay_result *r = s->replays;

	memset(s, 0, sizeof(*s));
	scene_cases(s);
	s->notes[0] = SLICE("hold 3.resp until 4.resp released after 0.140 s\n"
			    "second line");
	r[0] = scene_replay(VERDICT_PASS, "the recorded failure did not come "
			    "again", s->good, 2);
	r[1] = scene_replay(VERDICT_FAILED, "", s->bad, 4);
	r[1].reason = s->bad[3].message;
	r[1].timing = (struct timing){ true, 4, 3, 9, 9, 4, "recorded",
					true, false };
	r[1].notes = s->notes;
	r[1].nnotes = 1;
	r[2] = scene_replay(VERDICT_ERROR, HOSTILE, s->hostile, 1);
	r[3] = scene_replay(VERDICT_ERROR, "no port", s->flaky, 1);
	r[4] = scene_replay(VERDICT_PASS, "clean", s->good, 1);
	r[5] = scene_replay(VERDICT_XFAIL, "again", s->known, 1);
	r[6] = scene_replay(VERDICT_FAILED, "again", s->quiet, 1);
	s->tapes[0] = scene_tape("post-pay-500-1", VERDICT_PASS,
				 "the recorded failure did not come again", r,
				 1);
	s->tapes[1] = scene_tape("post-checkout-pay-500-7889a", VERDICT_FAILED,
				 "", r + 1, 1);
	s->tapes[1].reason = r[1].reason;
	s->tapes[1].log_tail = SLICE("Traceback (most recent call last):\n"
				     "  \x1b[31mboom\x1b[0m\n"
				     "::error::injected\n");
	s->tapes[2] = scene_tape("hostile", VERDICT_ERROR, HOSTILE, r + 2, 1);
	s->tapes[2].log_tail = SLICE(HOSTILE);
	s->tapes[3] = scene_tape("flaky", VERDICT_FLAKY, "passed when repeated;"
				 " before that: no port", r + 3, 2);
	s->tapes[4] = scene_tape("known", VERDICT_XFAIL, "again", r + 5, 1);
	s->tapes[5] = scene_tape("quiet", VERDICT_SKIPPED,
				 "quarantined until 2026-11-30", r + 6, 1);
	s->tapes[6] = scene_tape("unreadable", VERDICT_ERROR,
				 "tape.yaml:7: bad status '7x'", NULL, 0);
	s->tapes[6].code = ERR_TAPE;
	s->r = (struct results){ .started_us = 1795000000123456,
				 .seconds = 2.5, .tapes = s->tapes,
				 .ntapes = 7 };
}

/* Compares with tests/golden/report/NAME, or writes it (make golden). */
static inline void
report_golden(const char *name, const struct buf *got)
{
	char path[256];
	const char *mode = getenv("DVR_GOLDEN");
	struct err e = { 0 };
	struct buf want;

	snprintf(path, sizeof(path), "tests/golden/report/%s", name);
	if (mode && strcmp(mode, "write") == 0) {
		ck_assert_int_eq(fs_mkdirs("tests/golden/report", 0755, &e), 0);
		ck_assert_int_eq(fs_write_atomic(path, 0644, buf_slice(got),
						 &e), 0);
		return;
	}
	buf_init(&want, MiB);
	ck_assert_msg(fs_read(path, &want, &e) == 0, "%s", e.msg);
	ck_assert_msg(slice_eq(buf_slice(got), buf_slice(&want)),
		      "%s is not as agreed; make golden shows how", path);
	buf_release(&want);
}

#endif
