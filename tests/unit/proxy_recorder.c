/* Opens a recording rig and reads what it committed. */
#include "proxy_recorder.h"

#include <check.h>

void
recorder_open(struct recorder *r, bool rewrite_host)
{
	static const struct status_range failing[] = { { 500, 599 } };
	static const struct ledger_lane lanes[] = {
		{ "client", LANE_INGRESS },
	};
	static char name[] = "client", any[] = "127.0.0.1:0";
	const struct lane_config lane = {
		.name = name, .role = LANE_INGRESS, .listen = any,
		.inject = true, .rewrite_host = rewrite_host,
	};
	struct ledger_config cfg = {
		.max_memory_bytes = 4 * MiB, .max_body_bytes = MiB,
		.window_ns = 300 * NS_PER_S, .payloads = true,
		.on_status = failing, .non_status = 1, .on_exception = true,
		.namespace = "test", .fixtures = r->fixtures,
		.vcs_commit = "", .settle_ns = NS_PER_S, .max_variants = 3,
	};
	struct err e = { .msg = "" };

	ck_assert_int_eq(fs_temp_dir("dvr-proxy", r->fixtures, &e), 0);
	r->loop = loop_create(&clock_system, &e);
	r->scrub = scrub_create(NULL, 0, &clock_system, &e);
	r->ledger = ledger_create(&cfg, lanes, 1, r->loop, r->scrub, &e);
	ck_assert_msg(r->ledger != NULL, "%s", e.msg);
	ledger_service_up(r->ledger, loop_now_ns(r->loop));
	rig_open_recording(&r->rig, &lane, r->loop, r->ledger);
	rig_connect(&r->rig);
}

void
recorder_close(struct recorder *r)
{
	struct err e;

	rig_close(&r->rig);
	ledger_destroy(r->ledger);
	scrub_destroy(r->scrub);
	loop_destroy(r->loop);
	ck_assert_int_eq(fs_remove_tree(r->fixtures, &e), 0);
}

void
recorder_tape(struct recorder *r, struct tape *out)
{
	struct ledger_stats s;
	struct err e = { .msg = "" };

	ledger_drain(r->ledger, 10 * NS_PER_S);
	ledger_stats(r->ledger, &s);
	ck_assert_uint_eq(s.ntapes, 1);
	ck_assert_msg(!s.tapes[0].error, "%s",
		      s.tapes[0].error ? s.tapes[0].error : "");
	ck_assert_msg(tape_read(s.tapes[0].dir, out, &e) == 0, "%s", e.msg);
}
