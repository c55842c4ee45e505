/* Tapes print canonically and read back deeply equal; wrong text is refused. */
#include "tape_samples.h"

#include <dvr/base/fs.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct err err;

static void
print(const struct tape *t, struct buf *out, struct tape_blobs *blobs)
{
	buf_init(out, 64 * MiB);
	tape_print(t, out, blobs);
	ck_assert(!out->full);
}

/* Who reads a tape learns the lines that its printer tells. */
static void
assert_lines(const struct tape *t, const struct tape *back)
{
	unsigned *lines = calloc(t->nexchanges + 1, sizeof(*lines));

	tape_print_lines(t, lines);
	for (size_t i = 0; i < t->nexchanges; i++)
		ck_assert_uint_eq(back->exchanges[i].line, lines[i]);
	free(lines);
}

static void
assert_round_trip(const struct tape *t)
{
	struct buf text, again;
	struct tape_blobs blobs, same_blobs;
	struct tape back;

	print(t, &text, &blobs);
	ck_assert_msg(tape_parse("t.yaml", buf_slice(&text), load_from_blobs,
				 &blobs, &back, &err) == 0,
		      "%s\n%s", err.msg, text.p);
	ck_assert_msg(tape_difference(t, &back) == NULL, "%s differs\n%s",
		      tape_difference(t, &back), text.p);
	assert_lines(t, &back);
	print(&back, &again, &same_blobs);
	ck_assert(slice_eq(buf_slice(&text), buf_slice(&again)));
	ck_assert_uint_eq(blobs.n, same_blobs.n);
	free(blobs.v);
	free(same_blobs.v);
	tape_release(&back);
	buf_release(&text);
	buf_release(&again);
}

/* parse(print(t)) == t, whatever bytes are on the tape. */
START_TEST(random_tapes_survive)
{
	for (uint32_t i = 0; i < 100; i++) {
		struct tape t;

		random_tape(&t, (uint32_t)_i * 100 + i);
		assert_round_trip(&t);
		tape_release(&t);
	}
}
END_TEST

/* A tape with nothing on it is one, too. */
START_TEST(empty_tape_survives)
{
	struct tape t;

	tape_init(&t);
	t.id = SLICE("empty");
	t.trigger.value = 500;
	assert_round_trip(&t);
	tape_release(&t);
}
END_TEST

/* A log of awkward lines comes back byte for byte from its block. */
START_TEST(logs_survive_as_blocks)
{
	static const char *const logs[] = {
		"one\ntwo",
		"one\ntwo\n",
		"one\ntwo\n\n",
		"a\n\n\n",
		"\n",
		"\na",
		"  x\n\ty\n z",
		"a\n   ",
		"a\n   \n",
		"\ta\nb",
		"# x\n- y\n: ",
		"a\n<<<<<<< HEAD\n=======\n",
		"a\r\nb",
		"a\n---\n...\n",
		"a\n\t",
		"x\n\xc3\xa9\n",
		"x\n\xe2\x80\xa8\n",
		"x\n\xff\n",
		" ",
		"\t\n\t",
	};

	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		struct tape t;

		tape_init(&t);
		t.id = SLICE("log");
		t.trigger.value = 500;
		t.log_tail = slice_str(logs[i]);
		assert_round_trip(&t);
		tape_release(&t);
	}
}
END_TEST

/* The text is what a reviewer sees: compared with the golden file. */
static void
assert_golden(struct tape *t, const char *path, size_t nblobs)
{
	const char *mode = getenv("DVR_GOLDEN");
	struct tape_blobs blobs;
	struct buf text, want;

	print(t, &text, &blobs);
	if (mode && strcmp(mode, "write") == 0)
		ck_assert_int_eq(
			fs_write_atomic(path, 0644, buf_slice(&text), &err), 0);
	buf_init(&want, MiB);
	ck_assert_msg(fs_read(path, &want, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
	ck_assert_uint_eq(blobs.n, nblobs);
	buf_release(&want);
	buf_release(&text);
	free(blobs.v);
	assert_round_trip(t);
	tape_release(t);
}

START_TEST(sample_is_golden)
{
	struct tape t;

	sample_tape(&t);
	assert_golden(&t, "tests/golden/tape/sample.yaml", 1);
}
END_TEST

/* A gRPC call, a WebSocket and a stream that was given up. */
START_TEST(streams_are_golden)
{
	struct tape t;

	sample_streams(&t);
	assert_golden(&t, "tests/golden/tape/streams.yaml", 1);
}
END_TEST

/* What is read back is the body that went over the wire, prefixes and all. */
START_TEST(messages_make_the_body_again)
{
	static const char want[] = "\0\0\0\0\2\b\2\0\0\0\0\0"
				   "\0\0\0\0\3\b";
	struct tape_blobs blobs;
	struct tape t, back;
	struct buf text;

	sample_streams(&t);
	print(&t, &text, &blobs);
	ck_assert_msg(tape_parse("t.yaml", buf_slice(&text), load_from_blobs,
				 &blobs, &back, &err) == 0, "%s", err.msg);
	ck_assert(slice_eq(back.exchanges[0].response.body,
			   slice_of(want, sizeof(want) - 1)));
	ck_assert_uint_eq(back.exchanges[0].response.body_bytes,
			  sizeof(want) - 1);
	ck_assert(slice_eq(back.exchanges[0].request.headers.v[0].name,
			   SLICE(":authority")));
	ck_assert_uint_eq(back.exchanges[1].response.body.n, 0);
	free(blobs.v);
	buf_release(&text);
	tape_release(&back);
	tape_release(&t);
}
END_TEST

/* A body that does not begin with its messages would be written wrong. */
START_TEST(messages_beside_another_body_are_refused)
{
	struct tape t;

	sample_streams(&t);
	t.exchanges[0].request.body = SLICE("something else");
	ck_assert_int_eq(tape_write(&t, "/nonexistent", &err), -1);
	ck_assert_msg(strstr(err.msg, "not the body's beginning"), "%s",
		      err.msg);
	tape_release(&t);
}
END_TEST

/* The line of each exchange is the line where its item begins. */
START_TEST(lines_are_where_exchanges_start)
{
	struct tape_blobs blobs;
	unsigned lines[4];
	struct slice rest;
	struct buf text;
	unsigned line = 0;
	size_t found = 0;
	struct tape t;

	sample_tape(&t);
	tape_print_lines(&t, lines);
	print(&t, &text, &blobs);
	rest = buf_slice(&text);
	while (rest.p) {
		line++;
		if (slice_starts(slice_cut(&rest, '\n'), SLICE("  - id: ")))
			ck_assert_uint_eq(lines[found++], line);
	}
	ck_assert_uint_eq(found, 4);
	buf_release(&text);
	free(blobs.v);
	tape_release(&t);
}
END_TEST

/* One body on many exchanges is one file, and files come in hash order. */
START_TEST(equal_bodies_are_one_blob)
{
	struct tape_blobs blobs;
	struct buf text;
	struct tape t;

	sample_tape(&t);
	t.exchanges[0].response.body = SLICE("\x01");
	t.exchanges[2].response.body = SLICE("\x01");
	print(&t, &text, &blobs);
	ck_assert_uint_eq(blobs.n, 2);
	ck_assert_str_lt(blobs.v[0].hash, blobs.v[1].hash);
	free(blobs.v);
	buf_release(&text);
	tape_release(&t);
}
END_TEST

/* ---- refusals -------------------------------------------------------- */

static void
assert_refused(struct slice text, const char *words)
{
	struct tape back = { 0 };
	struct tape_blobs none = { 0 };

	ck_assert_msg(tape_parse("t.yaml", text, load_from_blobs, &none, &back,
				 &err) == -1,
		      "taken, should be refused for '%s'", words);
	ck_assert_ptr_null(back.arena);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strncmp(err.msg, "t.yaml:", 7) == 0, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, words) != NULL, "no '%s' in '%s'", words,
		      err.msg);
}

static const char tail[] = "scrubbed: []\nlosses: []\n";
static const char head[] = "dvr: 1\n"
			   "id: t-1\n"
			   "recorded: 2026-11-22T12:00:00.000000Z\n"
			   "namespace: ''\n"
			   "session: run\n"
			   "signature: abc\n"
			   "trigger: {on_status: 500}\n"
			   "origin: {from: start}\n"
			   "lanes: [{name: client, role: ingress}]\n"
			   "state: []\n";
#define ONE "  - {id: 1, lane: client, conn: 1, "
#define TWO "  - {id: 2, lane: client, conn: 1}\n"

/* Exchanges (or the head's line to put in place of one) and what is said. */
static const struct {
	const char *exchanges, *words;
} bad_exchanges[] = {
	{ TWO TWO, "t.yaml:13:10: duplicate id 2; expected ids that ascend" },
	{ TWO ONE "note: x}\n", "t.yaml:13:10: id 1 after 2" },
	{ "  - {id: 0, lane: client, conn: 1}\n", "t.yaml:12:10: bad id 0" },
	{ "  - {id: -1, lane: client, conn: 1}\n", "bad number '-1'" },
	{ "  - {id: 1, lane: clint, conn: 1}\n",
	  "t.yaml:12:19: unknown lane 'clint'" },
	{ "  - {id: 1, lane: client}\n", "t.yaml:12:5: key 'conn' is missing" },
	{ "  - {id: 1, lan: client, conn: 1}\n",
	  "t.yaml:12:13: unknown key 'lan'; did you mean 'lane'?" },
	{ ONE "request: {at: -0.000001, end: 0.000000}}\n",
	  "t.yaml:12:50: bad time '-0.000001'; expected seconds" },
	{ ONE "request: {at: 0.1, end: 0.000000}}\n", "bad time '0.1'" },
	{ ONE "request: {at: '0.000001', end: 0.000001}}\n",
	  "bad time '0.000001'" },
	{ ONE "request: {at: 99999999999999.000000, end: 0.000000}}\n",
	  "bad time" },
	{ ONE "request: {at: 0.500000, end: 0.400000}}\n",
	  "t.yaml:12:65: ends before it starts; expected 0.500000 or more" },
	{ ONE "interim: [{at: 0.500000, end: 0.400000}]}\n",
	  "t.yaml:12:66: ends before it starts" },
	{ ONE "request: {at: 2.000000, end: 2.000000}, "
	      "response: {at: 1.000000, end: 3.000000}}\n",
	  "answer before its request" },
	{ ONE "request: {at: 0.000000}}\n", "key 'end' is missing" },
	{ ONE "request: {at: 0.000000, end: 0.000000, header: []}}\n",
	  "unknown key 'header'; did you mean 'headers'?" },
	{ ONE "request: {at: 0.000000, end: 0.000000, headers: {}}}\n",
	  "this is a map; expected a list" },
	{ ONE "request: {at: 0.000000, end: 0.000000, headers: [[]]}}\n",
	  "this is a list; expected text" },
	{ ONE "request: {at: 0.000000, end: 0.000000, ended: fun}}\n",
	  "bad word 'fun'; expected complete, fin, rst, open, refused, "
	  "timeout, reset or goaway" },
	{ ONE "request: {at: 0.000000, end: 0.000000, chunks: [x]}}\n",
	  "bad number 'x'" },
	{ ONE "request: {at: 0.000000, end: 0.000000, segments: [5]}}\n",
	  "bad segment '5'; expected BYTES@SECONDS" },
	{ ONE "request: {at: 0.000000, end: 0.000000, error: CANCEL}}\n",
	  "t.yaml:12:82: an error where none was sent" },
	{ ONE "request: {at: 0.000000, end: 0.000000, ended: reset, "
	      "error: 8}}\n",
	  "bad word '8'; expected NO_ERROR, PROTOCOL_ERROR" },
	{ ONE "protocol: h3}\n", "expected http/1.1, h2 or websocket" },
	{ ONE "protocol: h2, messages: [{from: client, at: 0.000000}]}\n",
	  "t.yaml:12:60: messages of a side that is missing" },
	{ ONE "messages: [{from: me, at: 0.000000}]}\n",
	  "bad word 'me'; expected client or server" },
	{ ONE "messages: [{from: client, at: 0.5, end: 0.500000}]}\n",
	  "bad time '0.5'" },
	{ ONE "messages: [{from: client, at: 0.500000, end: 0.400000}]}\n",
	  "message 1 ends before it starts" },
	{ ONE "messages: [{from: client, at: 0.500000, opcode: 1}]}\n",
	  "unknown key 'opcode'" },
	{ ONE "messages: [{from: server, at: 0.500000, code: 65536}]}\n",
	  "bad number '65536'" },
	{ ONE "request: {at: 0.000000, end: 0.000000, missing: false}}\n",
	  "expected true" },
	{ ONE "request: {at: 0.000000, end: 0.000000, "
	      "body: {file: ../../../etc/passwd, bytes: 3}}}\n",
	  "bad body file; expected bodies/" },
	{ ONE "request: {at: 0.000000, end: 0.000000, "
	      "body: {file: bodies/"
	      "0000000000000000000000000000000000000000000000000000000000000000"
	      ", bytes: 999999999}}}\n",
	  "at most 268435456 are read" },
	{ ONE "request: {at: 0.000000, end: 0.000000, "
	      "body: {file: bodies/"
	      "0000000000000000000000000000000000000000000000000000000000000000"
	      ", bytes: 9}}}\n",
	  "no body 0000" },
};

/* Every fault in an exchange is named at its place. */
START_TEST(bad_exchanges_are_refused)
{
	struct buf b;

	buf_init(&b, MiB);
	buf_fmt(&b, "%sexchanges:\n%s%s", head, bad_exchanges[_i].exchanges,
		tail);
	assert_refused(buf_slice(&b), bad_exchanges[_i].words);
	buf_release(&b);
}
END_TEST

/* A line of the head, and what stands in its place. */
static const struct {
	const char *line, *instead, *words;
} bad_heads[] = {
	{ "dvr: 1\n", "dvr: 2\n", "t.yaml:1:6: tape format 2; this dvr" },
	{ "dvr: 1\n", "dvr: 2\n", "use the newer dvr that wrote it" },
	{ "dvr: 1\n", "dvr: 0\n", "record the tape again" },
	{ "dvr: 1\n", "dvr: x\n", "bad number 'x'" },
	{ "dvr: 1\n", "", "does not begin with 'dvr: 1'" },
	{ "dvr: 1\n", "dvr: 1\ndvr: 1\n", "duplicate key 'dvr'" },
	{ "id: t-1\n", "id: ../x\n", "t.yaml:2:5: bad id" },
	{ "id: t-1\n", "id: ''\n", "bad id" },
	{ "id: t-1\n", "<<<<<<< HEAD\nid: a\n",
	  "t.yaml:2:1: merge-conflict marker" },
	{ "session: run\n", "", "key 'session' is missing" },
	{ "session: run\n", "session:\n", "this is nothing; expected text" },
	{ "session: run\n", "sesion: run\n", "did you mean 'session'?" },
	{ "recorded: 2026-11-22T12:00:00.000000Z\n", "recorded: today\n",
	  "bad date 'today'" },
	{ "trigger: {on_status: 500}\n", "trigger: {on_status: 7x}\n",
	  "t.yaml:7:22: bad status '7x'; expected 100..599" },
	{ "trigger: {on_status: 500}\n", "trigger: {on_status: 99}\n",
	  "bad status '99'" },
	{ "trigger: {on_status: 500}\n", "trigger: {}\n",
	  "0 kinds of trigger" },
	{ "trigger: {on_status: 500}\n",
	  "trigger: {on_exit: 1, on_signal: 2}\n", "2 kinds of trigger" },
	{ "trigger: {on_status: 500}\n",
	  "trigger: {on_status: 500, exchange: 3}\n",
	  "t.yaml:7:10: trigger names exchange 3; it is not on the tape" },
	{ "origin: {from: start}\n", "origin: {from: truncated}\n",
	  "do not agree" },
	{ "origin: {from: start}\n", "origin: {from: start, lost: 3}\n",
	  "do not agree" },
	{ "lanes: [{name: client, role: ingress}]\n",
	  "lanes: [{name: client, role: in}]\n", "ingress or egress" },
	{ "lanes: [{name: client, role: ingress}]\n",
	  "lanes: [{name: a, role: ingress}, {name: a, role: egress}]\n",
	  "two lanes have one name" },
	{ "state: []\n", "state: nothing\n", "expected a list" },
};

/* Every fault in the head is named at its place. */
START_TEST(bad_heads_are_refused)
{
	const char *at = strstr(head, bad_heads[_i].line);
	struct buf b;

	ck_assert_ptr_nonnull(at);
	buf_init(&b, MiB);
	buf_fmt(&b, "%.*s%s%sexchanges: []\n%s", (int)(at - head), head,
		bad_heads[_i].instead, at + strlen(bad_heads[_i].line), tail);
	assert_refused(buf_slice(&b), bad_heads[_i].words);
	buf_release(&b);
}
END_TEST

/* The head that the tables bend is right when it is straight. */
START_TEST(the_tables_head_is_good)
{
	struct tape back;
	struct buf b;

	buf_init(&b, MiB);
	buf_fmt(&b, "%sexchanges: []\n%s", head, tail);
	ck_assert_msg(tape_parse("t", buf_slice(&b), NULL, NULL, &back, &err) ==
			      0,
		      "%s", err.msg);
	tape_release(&back);
	buf_release(&b);
}
END_TEST

/* A tape that was cut at the end of any line is never taken for a whole. */
START_TEST(cut_at_any_line_is_refused)
{
	struct tape_blobs blobs;
	struct buf text;
	struct tape t, back;
	size_t cuts = 0;

	sample_tape(&t);
	print(&t, &text, &blobs);
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (i > 0 && text.p[i - 1] != '\n')
			continue;
		ck_assert_msg(tape_parse("t.yaml", slice_of(text.p, i),
					 load_from_blobs, &blobs, &back,
					 &err) == -1,
			      "cut at byte %zu was taken", i);
		ck_assert_int_eq(err.code, ERR_TAPE);
		cuts++;
	}
	ck_assert_uint_gt(cuts, 50);
	buf_release(&text);
	free(blobs.v);
	tape_release(&t);
}
END_TEST

Suite *suite_tape(void);

Suite *
suite_tape(void)
{
	Suite *s = suite_create("tape");
	TCase *t = tcase_create("tape");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, random_tapes_survive, 0, 20);
	tcase_add_test(t, empty_tape_survives);
	tcase_add_test(t, logs_survive_as_blocks);
	tcase_add_test(t, sample_is_golden);
	tcase_add_test(t, streams_are_golden);
	tcase_add_test(t, messages_make_the_body_again);
	tcase_add_test(t, messages_beside_another_body_are_refused);
	tcase_add_test(t, lines_are_where_exchanges_start);
	tcase_add_test(t, equal_bodies_are_one_blob);
	tcase_add_loop_test(t, bad_exchanges_are_refused, 0,
			    ARRAY_LEN(bad_exchanges));
	tcase_add_loop_test(t, bad_heads_are_refused, 0, ARRAY_LEN(bad_heads));
	tcase_add_test(t, the_tables_head_is_good);
	tcase_add_test(t, cut_at_any_line_is_refused);
	suite_add_tcase(s, t);
	return s;
}
