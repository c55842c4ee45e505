/* Looks for a canary on a clean tape, in whatever coding it may stand. */
#include "canary.h"

#include <dvr/base/hash.h>
#include <dvr/field/field.h>
#include <dvr/wire/coding.h>

#include <check.h>
#include <string.h>

/* Bodies and messages that kept their coding, without it. */
static void
add_decoded(struct slice names, struct slice body, struct buf *out)
{
	struct buf b;

	buf_init(&b, 1 * MiB);
	if (body.n && !coding_identity(names)) {
		(void)coding_decode(names, body, &b);
		buf_add(out, buf_slice(&b));
	}
	buf_release(&b);
}

static void
add_message(const struct message *m, struct buf *out)
{
	const struct header *h = headers_find(&m->headers, "content-encoding");
	bool twice = false;

	message_print(m, out);
	buf_addc(out, '\n');
	buf_add(out, m->body);	/* without the lines of its chunks */
	buf_addc(out, '\n');
	for (size_t i = 0; i < m->headers.n; i++)
		twice |= h && &m->headers.v[i] != h &&
			 slice_ieq(m->headers.v[i].name, h->name);
	if (h && m->decoded.n == 0)
		add_decoded(twice ? SLICE("gzip, gzip") : h->value, m->body,
			    out);
	buf_addc(out, '\n');
}

static void
add_exchange(const struct exchange *x, struct buf *out)
{
	add_message(&x->request, out);
	add_message(&x->response, out);
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *m = &x->messages[i];

		buf_add(out, m->payload);
		buf_addc(out, '\n');
		if (m->kind == STREAM_COMPRESSED && m->decoded.n == 0)
			add_decoded(SLICE("gzip"), m->payload, out);
	}
}

static void
add_rest(const struct tape *t, struct buf *out)
{
	buf_add(out, t->log_tail);
	buf_addc(out, '\n');
	buf_add(out, t->trigger.detail);
	buf_addc(out, '\n');
	for (size_t i = 0; i < t->nstate; i++) {
		for (size_t k = 0; k < t->state[i].nfiles; k++)
			buf_add(out, t->state[i].files[k].bytes);
	}
}

static bool
has(struct slice text, const struct buf *form)
{
	return form->n > 0 && slice_find(text, buf_slice(form)) >= 0;
}

static bool
has_each(struct slice text, struct slice s, const char *fmt)
{
	struct buf b;
	bool found;

	buf_init(&b, 64 * KiB);
	for (size_t i = 0; i < s.n; i++) {
		if (fmt[0] == '%')
			buf_fmt(&b, "%%%02x", (unsigned char)s.p[i]);
		else if (fmt[0] == '&')
			buf_fmt(&b, "&#x%02x;", (unsigned char)s.p[i]);
		else
			buf_fmt(&b, "\\u%04x", (unsigned char)s.p[i]);
	}
	found = has(text, &b);
	buf_release(&b);
	return found;
}

static bool
has_coded(struct slice text, struct slice s)
{
	struct buf b;
	bool found;

	buf_init(&b, 64 * KiB);
	hex_encode(s, &b);
	found = has(text, &b);
	for (int form = 0; form < 2 && !found; form++) {
		buf_clear(&b);
		percent_encode(s, form, &b);
		found = has(text, &b);
	}
	buf_clear(&b);
	field_format_named("json")->encode(FIELD_STRING, s, &b);
	found = found || has(text, &b);
	for (size_t skip = 0; skip < 6 && !found; skip++) {
		struct slice part = slice_from(s, skip / 2);

		part.n -= part.n % 3;
		buf_clear(&b);
		if (skip % 2)
			base64url_encode(part, &b);
		else
			base64_encode(part, &b);
		found = has(text, &b);
	}
	buf_release(&b);
	return found;
}

/* As protobuf writes a number. */
static bool
has_number(struct slice text, struct slice s)
{
	uint64_t n;
	struct buf b;
	bool found;

	if (slice_uint(s, UINT64_MAX, &n) < 0)
		return false;
	buf_init(&b, 64);
	for (; n >= 128; n >>= 7)
		buf_addc(&b, (char)(unsigned char)(n | 128));
	buf_addc(&b, (char)n);
	found = has(text, &b);
	buf_release(&b);
	return found;
}

bool
canary_left(struct rig *r, const struct canary *c, uint32_t exchange)
{
	struct slice s = c->secret, text;
	struct buf all;
	bool found;

	buf_init(&all, 4 * MiB);
	if (exchange > 0)
		add_exchange(&r->tape.exchanges[exchange - 1], &all);
	else
		add_rest(&r->tape, &all);
	text = buf_slice(&all);
	found = slice_find(text, s) >= 0 || has_each(text, s, "%") ||
		has_each(text, s, "&") || has_each(text, s, "\\") ||
		has_coded(text, s) || has_number(text, s);
	buf_release(&all);
	return found;
}
