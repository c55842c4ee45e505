/* Plans print canonically, read back equal, and forgive no mistyped word. */
#include <dvr/base/buf.h>
#include <dvr/base/fs.h>
#include <dvr/tape/plan.h>

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena *arena;
static struct err err;

static void
setup(void)
{
	arena = arena_create();
}

static void
teardown(void)
{
	arena_destroy(arena);
}

static struct slice stub_headers[] = { { "Content-Type: text/plain", 24 } };
static struct plan_binding bindings[] = {
	{ .from = { "1.resp.body#/cart", 17 }, .to = { "2.req.path/3", 12 } },
	{ .from = { "1.resp.header/location", 22 },
	  .to = { "2.req.header/authorization", 26 },
	  .take = { "path/1", 6 },
	  .as = AS_BASE64,
	  .before = 7,
	  .after = 1 },
};
static struct plan_mask masks[] = { { { "*.resp.header/date", 18 },
				      { "clock", 5 } } };
static struct plan_pin pins[] = {
	{ .exchange = 4, .status = 409, .accepted = { "2026-11-25", 10 } },
	{ .exchange = 5, .status = 200, .has_body = true },
	{ .exchange = 6,
	  .status = 200,
	  .has_body = true,
	  .body = { "\xff\0: x\n", 6 } },
	{ .exchange = 7, .status = 200, .has_grpc = true, .grpc = 5 },
	{ .exchange = 8, .status = 200, .has_grpc = true, .grpc = 99 },
	{ .exchange = 9, .status = 101, .has_close = true, .close = 1000 },
};
static struct plan_hold holds[] = { { { "2.resp", 6 }, { "3.resp", 6 } } };
static struct plan_stub stubs[] = {
	{ .lane = { "inventory", 9 },
	  .method = { "GET", 3 },
	  .path = { "/stock/*", 8 },
	  .status = 200,
	  .headers = stub_headers,
	  .nheaders = 1,
	  .body = { "ok\n", 3 } },
	{ .lane = { "inventory", 9 },
	  .method = { "GET", 3 },
	  .path = { "/x", 2 },
	  .status = 204 },
};

static struct plan_edit edits[] = {
	{ .field = { "1.req.body#/currency", 20 }, .value = { "EUR", 3 },
	  .since = { "2026-11-22", 10 } },
	{ .field = { "2.req.header/x-api", 18 }, .value = { "2", 1 } },
};
static struct plan_change changes[] = {
	{ .field = { "3.resp.body#/total", 18 }, .value = { "12.50", 5 },
	  .accepted = { "2026-11-22", 10 } },
	{ .field = { "3.resp.body#/old", 16 }, .what = CHANGE_GONE },
	{ .field = { "*.resp.header/x-new", 19 }, .what = CHANGE_ADDED },
};

static const struct plan full = {
	.expect = EXPECT_QUARANTINED,
	.hits = 2,
	.of = 3,
	.alone_told = true,
	.alone = 1,
	.interval = { "0.21..0.94", 10 },
	.bindings = bindings,
	.nbindings = ARRAY_LEN(bindings),
	.masks = masks,
	.nmasks = ARRAY_LEN(masks),
	.pins = pins,
	.npins = ARRAY_LEN(pins),
	.holds = holds,
	.nholds = ARRAY_LEN(holds),
	.stubs = stubs,
	.nstubs = ARRAY_LEN(stubs),
	.edits = edits,
	.nedits = ARRAY_LEN(edits),
	.changes = changes,
	.nchanges = ARRAY_LEN(changes),
	.quarantine = { .until = { "2026-12-24", 10 },
			.reason = { "waits for #17", 13 } },
};

static const char full_text[] =
	"expect: quarantined\n"
	"reproduces: {hits: 2, of: 3, timing_alone: 1, interval: '0.21..0.94'}\n"
	"quarantine: {until: '2026-12-24', reason: 'waits for #17'}\n"
	"bindings:\n"
	"  - {from: 1.resp.body#/cart, to: 2.req.path/3}\n"
	"  - {from: 1.resp.header/location, to: 2.req.header/authorization, "
	"take: path/1, as: base64, before: 7, after: 1}\n"
	"masks:\n"
	"  - {field: '*.resp.header/date', reason: clock}\n"
	"pins:\n"
	"  - {exchange: 4, status: 409, accepted: '2026-11-25'}\n"
	"  - {exchange: 5, status: 200, body: ''}\n"
	"  - {exchange: 6, status: 200, body: !!binary \"/wA6IHgK\"}\n"
	"  - {exchange: 7, status: 200, grpc: NOT_FOUND}\n"
	"  - {exchange: 8, status: 200, grpc: 99}\n"
	"  - {exchange: 9, status: 101, close: 1000}\n"
	"holds:\n"
	"  - {event: 2.resp, until: 3.resp}\n"
	"stubs:\n"
	"  - lane: inventory\n"
	"    method: GET\n"
	"    path: /stock/*\n"
	"    status: 200\n"
	"    headers:\n"
	"      - 'Content-Type: text/plain'\n"
	"    body: \"ok\\n\"\n"
	"  - lane: inventory\n"
	"    method: GET\n"
	"    path: /x\n"
	"    status: 204\n"
	"edits:\n"
	"  - {field: 1.req.body#/currency, value: EUR, since: '2026-11-22'}\n"
	"  - {field: 2.req.header/x-api, value: '2'}\n"
	"changes:\n"
	"  - {field: 3.resp.body#/total, value: '12.50', accepted: "
	"'2026-11-22'}\n"
	"  - {field: 3.resp.body#/old, gone: true}\n"
	"  - {field: '*.resp.header/x-new', added: true}\n";

static void
assert_prints(const struct plan *p, const char *want)
{
	struct buf b;

	buf_init(&b, MiB);
	plan_print(p, &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

static void
read_plan(const char *text, struct plan *out)
{
	ck_assert_msg(plan_read(arena, "replay.yaml", slice_str(text), out,
				&err) == 0,
		      "%s", err.msg);
}

/* Every part has its place, and reading gives the same plan again. */
START_TEST(full_plan_survives)
{
	struct plan back;

	assert_prints(&full, full_text);
	read_plan(full_text, &back);
	assert_prints(&back, full_text);
	ck_assert_int_eq(back.expect, EXPECT_QUARANTINED);
	ck_assert_uint_eq(back.pins[0].status, 409);
	ck_assert(!back.pins[0].has_body);
	ck_assert(back.pins[1].has_body);
	ck_assert(slice_eq(back.pins[2].body, pins[2].body));
	ck_assert(slice_eq(back.stubs[0].headers[0], stub_headers[0]));
	ck_assert(slice_eq(back.holds[0].until, SLICE("3.resp")));
}
END_TEST

/* A plan that says nothing expects the failure to be fixed. */
START_TEST(default_plan_expects_fixed)
{
	struct plan p;

	read_plan("", &p);
	ck_assert_int_eq(p.expect, EXPECT_FIXED);
	ck_assert_uint_eq(p.of, 0);
	assert_prints(&p, "expect: fixed\n");
	read_plan("expect: broken\nbindings: []\nmasks:\n", &p);
	ck_assert_str_eq(expect_name(p.expect), "broken");
	ck_assert_uint_eq(p.nmasks, 0);
}
END_TEST

static const struct {
	const char *text, *words;
} refused[] = {
	{ "expect: fixd\n", "replay.yaml:1:9: bad word 'fixd'; expected fixed, "
			    "same, broken or quarantined" },
	{ "expects: fixed\n", "unknown key 'expects'; did you mean 'expect'?" },
	{ "expect: quarantined\n", "quarantined without an end" },
	{ "quarantine: {until: soon}\n", "bad date 'soon'" },
	{ "quarantine: {until: 2026-13-01}\n", "bad date '2026-13-01'" },
	{ "quarantine: {owner: me}\n", "key 'until' is missing" },
	{ "reproduces: {hits: 4, of: 3}\n", "4 hits of 3" },
	{ "reproduces: 3/3\n", "this is a scalar; expected a map" },
	{ "bindings: [{from: 1.resp.body}]\n", "key 'to' is missing" },
	{ "bindings: [{from: '', to: x}]\n", "empty; expected text" },
	{ "masks: [{field: a, reason: b, why: c}]\n", "unknown key 'why'" },
	{ "pins: [{exchange: 4, status: 7x}]\n",
	  "replay.yaml:1:30: bad status '7x'; expected 100..599" },
	{ "pins: [{exchange: 4, status: 600}]\n", "bad status '600'" },
	{ "pins: [{exchange: 4, status: 200, grpc: LOST}]\n",
	  "bad gRPC status 'LOST'" },
	{ "pins: [{exchange: 4, status: 101, close: 70000}]\n", "70000" },
	{ "holds: [{event: 2, until: 3.resp}]\n", "bad event '2'" },
	{ "holds: [{event: 0.req, until: 3.resp}]\n", "bad event '0.req'" },
	{ "holds: [{event: 2.rsp, until: 3.resp}]\n", "expected N.req or" },
	{ "stubs: [{lane: a, method: GET, path: /, status: 200, "
	  "headers: [x]}]\n",
	  "bad header 'x'" },
	{ "edits: [{field: 1.resp.body#/a, value: b}]\n",
	  "expected a field of a request" },
	{ "edits: [{field: '*.req.body#/a', value: b}]\n", "bad place" },
	{ "edits: [{field: 1.req.body, value: b}]\n", "an edit of" },
	{ "edits: [{field: 1.req.body#/a}]\n", "key 'value' is missing" },
	{ "changes: [{field: 1.req.body#/a, gone: true}]\n",
	  "expected a field of an answer" },
	{ "changes: [{field: 1.resp.body#/a}]\n",
	  "none of 'value', 'gone' and 'added'" },
	{ "changes: [{field: 1.resp.body#/a, gone: true, value: 1}]\n",
	  "several of 'value'" },
	{ "changes: [{field: 1.resp.body#/a, gone: false}]\n",
	  "expected true" },
	{ "- expect\n", "this is a list; expected a map" },
	{ "expect: fixed\nexpect: same\n", "replay.yaml:2:1: duplicate key" },
	{ "<<<<<<< ours\nexpect: fixed\n", "merge-conflict marker" },
};

/* Each mistake is named at its place. */
START_TEST(mistakes_are_refused)
{
	struct plan p = { .of = 99 };

	ck_assert_int_eq(plan_read(arena, "replay.yaml",
				   slice_str(refused[_i].text), &p, &err),
			 -1);
	ck_assert_uint_eq(p.of, 99);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strstr(err.msg, refused[_i].words) != NULL,
		      "no '%s' in '%s'", refused[_i].words, err.msg);
}
END_TEST

/* Saved, loaded again; absent is the default; unreadable is an error. */
START_TEST(plans_live_beside_their_tape)
{
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct plan p, bad = full;

	ck_assert_int_eq(fs_temp_dir("dvr-plan", dir, &err), 0);
	ck_assert_int_eq(plan_load(arena, dir, &p, &err), 0);
	ck_assert_int_eq(p.expect, EXPECT_FIXED);
	ck_assert_msg(plan_save(&full, dir, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(plan_load(arena, dir, &p, &err), 0);
	assert_prints(&p, full_text);
	bad.hits = 9;
	ck_assert_int_eq(plan_save(&bad, dir, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "plan not written"));
	ck_assert_int_eq(plan_load(arena, dir, &p, &err), 0);
	ck_assert_uint_eq(p.hits, 2);
	ck_assert_int_eq(fs_join(path, dir, "replay.yaml", &err), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(plan_load(arena, dir, &p, &err), -1);
	ck_assert_int_eq(err.code, ERR_TAPE);
	fs_remove_tree(dir, NULL);
}
END_TEST

Suite *suite_plan(void);

Suite *
suite_plan(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, full_plan_survives);
	tcase_add_test(t, default_plan_expects_fixed);
	tcase_add_loop_test(t, mistakes_are_refused, 0, ARRAY_LEN(refused));
	tcase_add_test(t, plans_live_beside_their_tape);
	suite_add_tcase(s, t);
	return s;
}
