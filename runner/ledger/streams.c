/* What the taps report of HTTP/2 streams: decoded heads, data, resets. */
#include "book.h"
#include "stream_record.h"

#include <dvr/wire/grpc.h>

/* A head's lines may be as long as a head, and each has a length. */
#define HEAD_RECORD_MAX \
	(HTTP1_HEAD_MAX + (HTTP1_HEADERS_MAX + 4) * (RECORD_LINE_BYTES + 4))

void
ledger_stream(struct ledger *l, struct lx *x, uint32_t stream)
{
	(void)l;
	if (!(x->flags & LXF_VOID))
		x->stream = stream;
}

/* Heads and ends are few and small: no cap cuts them off, so that a call whose
 * answer was too large to be kept has its status all the same. */
static void
keep(struct ledger *l, struct lx *x, enum lx_side side, struct buf *record,
     uint64_t at_ns)
{
	lx_seen(x, side, record->n - RECORD_HEAD_BYTES, at_ns);
	lx_keep(l, x, side, buf_slice(record), at_ns);
	buf_release(record);
}

static void
keep_lines(struct ledger *l, struct lx *x, enum lx_side side,
	   enum stream_record_kind kind, const struct http1_head *h,
	   uint64_t at_ns)
{
	struct buf b;

	buf_init(&b, HEAD_RECORD_MAX);
	stream_record_lines(kind, h, &b);
	keep(l, x, side, &b, at_ns);
}

void
ledger_stream_head(struct ledger *l, struct lx *x, enum lx_side side,
		   const struct http1_head *h, uint64_t at_ns)
{
	if (x->flags & LXF_VOID)
		l->stats.lost_bytes += h->raw.n;
	else
		keep_lines(l, x, side, RECORD_HEAD, h, at_ns);
}

void
ledger_stream_trailers(struct ledger *l, struct lx *x, enum lx_side side,
		       const struct http1_head *h, uint64_t at_ns)
{
	if (x->flags & LXF_VOID) {
		l->stats.lost_bytes += h->raw.n;
		return;
	}
	keep_lines(l, x, side, RECORD_TRAILERS, h, at_ns);
	if (side == LX_RESPONSE)
		lx_grpc_status(x, h);
}

void
ledger_stream_error(struct ledger *l, struct lx *x, enum lx_side side,
		    const struct stream_error *why, uint64_t at_ns)
{
	struct buf b;

	if (x->flags & LXF_VOID)
		return;
	buf_init(&b, 64);
	stream_record_code(why->goaway ? RECORD_GOAWAY : RECORD_RESET,
			   why->code, &b);
	lx_keep(l, x, side, buf_slice(&b), at_ns);
	buf_release(&b);
}

void
ledger_stream_data(struct ledger *l, struct lx *x, enum lx_side side,
		   struct slice data, uint64_t at_ns)
{
	char head[RECORD_HEAD_BYTES];
	uint64_t room;
	size_t n = data.n;

	if (x->flags & LXF_VOID) {
		l->stats.lost_bytes += data.n;
		return;
	}
	if (n == 0)
		return;
	lx_seen(x, side, n, at_ns);
	room = lx_room(l, x, side);
	if (n + sizeof(head) > room)
		n = room > sizeof(head) ? (size_t)room - sizeof(head) : 0;
	if (n > 0) {
		stream_record_begin(RECORD_DATA, n, head);
		lx_keep(l, x, side, slice_of(head, sizeof(head)), at_ns);
		lx_keep(l, x, side, slice_of(data.p, n), at_ns);
	}
	if (n < data.n)
		lx_cut(l, x, side, data.n - n);
}

void
lx_grpc_status(struct lx *x, const struct http1_head *h)
{
	const struct http1_header *f = http1_field(h, "grpc-status");
	uint64_t v;

	if (f && slice_uint(f->value, UINT8_MAX - 1, &v) == 0)
		x->grpc = (uint8_t)(v + 1);
}
