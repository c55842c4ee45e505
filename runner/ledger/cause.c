/*
 * Names exchanges on the wire and finds them again by these names.
 *
 * The correlation id is "namespace/session/seq"; the trace id that we make is
 * {key of this run, slot, seq}, so that either leads straight to the exchange.
 */
#include "book.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* Eight digits, all at once: each nibble gets a byte, each byte its letter. */
static char *
put_hex8(char *p, uint32_t v)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t x = v, letters;

	x = (x << 16 | x) & 0x0000ffff0000ffffu;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0fu;
	letters = ((x + ones * 6) >> 4) & ones;
	x += ones * '0' + letters * ('a' - '0' - 10);
	x = htobe64(x);
	memcpy(p, &x, sizeof(x));
	return p + sizeof(x);
}

static char *
put_hex16(char *p, uint64_t v)
{
	return put_hex8(put_hex8(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

static char *
put_decimal(char *p, uint64_t v)
{
	char tmp[20];
	unsigned n = 0;

	do
		tmp[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	while (n > 0)
		*p++ = tmp[--n];
	return p;
}

/* The trace id of `00-<32 hex>-<16 hex>-<2 hex>`; later versions may go on. */
static bool
parse_traceparent(struct slice s, unsigned char out[16])
{
	uint64_t hi, lo, span;

	if (s.n < 55 || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
		return false;
	if (slice_hex(slice_range(s, 3, 19), UINT64_MAX, &hi) ||
	    slice_hex(slice_range(s, 19, 35), UINT64_MAX, &lo) ||
	    slice_hex(slice_range(s, 36, 52), UINT64_MAX, &span) ||
	    (hi == 0 && lo == 0))
		return false;
	memcpy(out, &hi, sizeof(hi));
	memcpy(out + sizeof(hi), &lo, sizeof(lo));
	return true;
}

static void
make_traceparent(const struct ledger *l, struct lx *x)
{
	char *p = x->live->traceparent;

	memcpy(p, "00-", 3);
	p = put_hex8(p + 3, l->trace_key);
	p = put_hex8(p, lx_slot(l, x));
	p = put_hex16(p, x->seq);
	*p++ = '-';
	/* A span id must not be zero; seq never is. */
	p = put_hex16(p, x->seq ^ ((uint64_t)l->trace_key << 32));
	memcpy(p, "-01", 4);
}

void
cause_name(struct ledger *l, struct lx *x, const struct http1_head *h)
{
	const struct http1_header *f = http1_field(h, "traceparent");
	struct live *v = x->live;
	const struct session *s = x->session;
	char *p = v->correlation;

	static_assert(CORRELATION_MAX >= 2 * (SESSION_NAME_MAX + 1) + 20,
		      "a prefix and a number must fit");
	assert(s->prefix_n + 20 <= CORRELATION_MAX);
	memcpy(p, s->prefix, s->prefix_n);
	p = put_decimal(p + s->prefix_n, x->seq);
	v->correlation_n = (size_t)(p - v->correlation);
	if (f && parse_traceparent(f->value, v->trace))
		v->has_trace = true;
	if (!f)
		make_traceparent(l, x);
}

/* "…/seq": whoever is open first, then whoever still is kept. */
static struct lx *
find_seq(const struct ledger *l, uint64_t seq)
{
	static const enum lx_where order[] = { LX_OPEN, LX_DONE, LX_OLD };
	struct lx *x;
	uint32_t slot, steps;
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++) {
		slot = l->lists[order[i]].tail;
		/* A late call comes soon after its request. */
		for (steps = 0; slot != LX_NONE && steps < 4096; steps++) {
			x = lx_at(l, slot);
			if (x->seq == seq)
				return x;
			slot = x->prev;
		}
	}
	return NULL;
}

static struct lx *
by_correlation(const struct ledger *l, struct slice id)
{
	uint64_t seq;
	size_t i = id.n;
	struct lx *x;

	while (i > 0 && id.p[i - 1] != '/')
		i--;
	if (i == 0 || slice_uint(slice_from(id, i), UINT64_MAX, &seq))
		return NULL;
	x = find_seq(l, seq);
	/* The number alone might be anybody's. */
	if (!x || x->session->prefix_n != i ||
	    memcmp(x->session->prefix, id.p, i) != 0)
		return NULL;
	return x;
}

/* The only open exchange with that trace id, ours or the client's own. */
static struct lx *
by_trace(const struct ledger *l, struct slice value)
{
	unsigned char trace[16];
	uint64_t hi, lo;
	uint32_t slot;
	struct lx *x, *found = NULL;

	if (!parse_traceparent(value, trace))
		return NULL;
	memcpy(&hi, trace, sizeof(hi));
	memcpy(&lo, trace + sizeof(hi), sizeof(lo));
	if (hi >> 32 == l->trace_key) {
		x = lx_find(l, (uint32_t)hi, lo);
		if (x)
			return x;
	}
	for (slot = l->lists[LX_OPEN].head; slot != LX_NONE; slot = x->next) {
		x = lx_at(l, slot);
		if (!x->live->has_trace || !lx_ingress(l, x) ||
		    memcmp(x->live->trace, trace, sizeof(trace)) != 0)
			continue;
		if (found)
			return NULL;
		found = x;
	}
	return found;
}

static struct lx *
only_open(const struct ledger *l)
{
	uint32_t slot;
	struct lx *x;

	if (l->open_ingress != 1)
		return NULL;
	for (slot = l->lists[LX_OPEN].head; slot != LX_NONE; slot = x->next) {
		x = lx_at(l, slot);
		if (lx_ingress(l, x))
			return x;
	}
	return NULL;
}

struct lx *
cause_find(struct ledger *l, const struct http1_head *h)
{
	const struct http1_header *f;
	struct lx *x = NULL;

	f = http1_field(h, "X-DVR-Correlation-Id");
	if (f)
		x = by_correlation(l, f->value);
	f = http1_field(h, "traceparent");
	if (!x && f)
		x = by_trace(l, f->value);
	if (!x)
		x = only_open(l);
	return x && lx_ingress(l, x) ? x : NULL;
}
