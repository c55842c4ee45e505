/* Turns a commit job into a raw recording: what the scrubber takes. */
#include "decode.h"
#include "job.h"
#include "snapshots.h"

#include <stdlib.h>

struct conn_number { uint32_t lane, number; uint64_t conn; };

/* Connections by their first appearance, from 1 in each lane. */
static void
number_conns(struct arena *a, const struct job *j, struct exchange *out)
{
	struct conn_number *v = arena_array(a, j->n + 1, sizeof(*v));
	size_t n = 0, i, k;
	uint32_t number;

	for (i = 0; i < j->n; i++) {
		number = 0;
		for (k = 0; k < n; k++) {
			if (v[k].lane != j->v[i].lane)
				continue;
			if (v[k].conn == j->v[i].conn)
				break;
			number = v[k].number;
		}
		if (k == n)
			v[n++] = (struct conn_number){
				.lane = j->v[i].lane,
				.number = number + 1,
				.conn = j->v[i].conn,
			};
		out[i].conn = v[k].number;
	}
}

/* Position of the exchange `seq`, from 1; 0 when it is not on the tape. */
static uint32_t
id_of(const struct job *j, uint64_t seq)
{
	size_t lo = 0, hi = j->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (j->v[mid].seq == seq)
			return (uint32_t)mid + 1;
		if (j->v[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

static void
tell_losses(struct tape *t)
{
	size_t cap = 0, i;
	const struct exchange *x;

	for (i = 0; i < t->nexchanges; i++) {
		x = &t->exchanges[i];
		if (x->request.cut_bytes == 0 && x->response.cut_bytes == 0)
			continue;
		t->losses = arena_grow(t->arena, t->losses, t->nlosses, &cap,
				       sizeof(*t->losses));
		t->losses[t->nlosses++] = arena_fmt(t->arena,
			"exchange %u: not kept: %llu bytes of the request, "
			"%llu of the response", x->id,
			(unsigned long long)x->request.cut_bytes,
			(unsigned long long)x->response.cut_bytes);
		if (x->request.cut_bytes > 0 && t->not_replayable.n == 0)
			t->not_replayable = arena_fmt(t->arena,
				"the request of exchange %u was not kept "
				"whole: %llu bytes are over capture: max_body",
				x->id,
				(unsigned long long)x->request.cut_bytes);
	}
}

static void
add_lanes(const struct ledger *l, struct tape *t)
{
	size_t i;

	t->nlanes = l->nlanes;
	t->lanes = arena_array(t->arena, l->nlanes + 1, sizeof(*t->lanes));
	for (i = 0; i < l->nlanes; i++)
		t->lanes[i] = (struct tape_lane){
			.name = slice_str(l->lanes[i].name),
			.role = l->lanes[i].role,
		};
}

static void
add_exchanges(const struct ledger *l, const struct job *j, uint64_t t0,
	      struct tape *t)
{
	size_t i;

	t->nexchanges = j->n;
	t->exchanges = arena_array(t->arena, j->n + 1, sizeof(*t->exchanges));
	for (i = 0; i < j->n; i++) {
		struct exchange *x = &t->exchanges[i];
		bool late = j->kind == TRIGGER_TIMEOUT &&
			j->v[i].seq == j->fail_seq;
		struct decode_in in = {
			.ledger = l,
			.x = &j->v[i],
			.t0_ns = t0,
			.until_ns = late ? j->at_ns : UINT64_MAX,
		};

		decode_exchange(t->arena, &in, x);
		x->id = (uint32_t)i + 1;
		x->cause = j->v[i].cause ? id_of(j, j->v[i].cause) : 0;
	}
	number_conns(t->arena, j, t->exchanges);
}

void
job_record(const struct ledger *l, const struct job *j, struct arena *a,
	   struct recording *out)
{
	uint64_t t0 = j->n > 0 ? j->v[0].at_ns[LX_REQUEST] : j->at_ns;
	struct tape *t = &out->raw;

	*t = (struct tape){
		.arena = a,
		.namespace = slice_str(j->namespace),
		.session = slice_str(j->session),
		.signature = slice_str(j->signature),
		.recorded_us = j->wall_us - ((int64_t)j->mono_ns -
			(int64_t)t0) / (int64_t)NS_PER_US,
		.trigger = {
			.kind = j->kind,
			.exchange = id_of(j, j->fail_seq),
			.value = j->value,
			.detail = j->detail,
		},
		.origin = {
			.truncated = j->truncated,
			.snapshot = j->from_snapshot,
			.at_us = j->snapshot_ns > t0 ? (int64_t)
				((j->snapshot_ns - t0) / NS_PER_US) : 0,
			.commit = slice_str(l->config.vcs_commit),
			.dvr = slice_str(DVR_VERSION),
		},
		.log_tail = j->tail,
	};
	add_lanes(l, t);
	add_exchanges(l, j, t0, t);
	tell_losses(t);
	snapshots_record(l, j->images, t);
}
