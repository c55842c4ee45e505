/*
 * Decides where a message's body ends (RFC 9112 §6.3), as Node 20 and nginx
 * do where they agree.
 */
#include "head.h"

#define AMBIGUOUS_LENGTHS "Content-Length given more than once"

/* What the head says about framing, gathered in one pass. */
struct facts {
	unsigned lengths;	/* Content-Length values, list items counted */
	bool length_bad, lengths_differ;
	uint64_t length;
	bool te;		/* a Transfer-Encoding field is there */
	unsigned codings, chunked, identity;
	bool last_chunked;
	bool gap, gap_last;	/* an empty coding, as in "chunked," */
	bool close, keep_alive, upgrade_token, upgrade, expect;
	bool tab;		/* in a field that frames */
};

static void
note_length(struct facts *f, struct slice rest)
{
	/* RFC 9110 §8.6 lets a recipient take "3, 3" for 3. */
	do {
		struct slice item = slice_trim(slice_cut(&rest, ','));
		uint64_t v;

		if (slice_uint(item, INT64_MAX, &v) < 0) {
			f->length_bad = true;
			return;
		}
		if (f->lengths > 0 && v != f->length)
			f->lengths_differ = true;
		f->length = v;
		f->lengths++;
	} while (rest.p);
}

static void
note_codings(struct facts *f, struct slice rest)
{
	f->te = true;
	if (rest.n == 0) {
		f->gap = true;
		return;
	}
	while (rest.p) {
		struct slice item = slice_trim(slice_cut(&rest, ','));

		f->gap_last = item.n == 0;
		f->gap |= f->gap_last;
		if (f->gap_last)
			continue;
		f->codings++;
		f->last_chunked = slice_ieq(item, SLICE("chunked"));
		f->chunked += f->last_chunked;
		f->identity += slice_ieq(item, SLICE("identity"));
	}
}

static void
note_connection(struct facts *f, struct slice rest)
{
	while (rest.p) {
		struct slice item = slice_trim(slice_cut(&rest, ','));

		f->close |= slice_ieq(item, SLICE("close"));
		f->keep_alive |= slice_ieq(item, SLICE("keep-alive"));
		f->upgrade_token |= slice_ieq(item, SLICE("upgrade"));
	}
}

/* OWS may be a tab (RFC 9110 §5.6.3); Node and nginx differ on that. */
static void
note_tab(struct facts *f, struct slice line)
{
	f->tab |= slice_chr(line, '\t') >= 0;
}

static void
note_field(struct facts *f, const struct http1_header *h)
{
	/* The length tells most fields apart without looking at a letter. */
	switch (h->name.n) {
	case 6:
		if (slice_ieq(h->name, SLICE("Expect")))
			f->expect |= slice_ieq(h->value,
					       SLICE("100-continue"));
		break;
	case 7:
		if (slice_ieq(h->name, SLICE("Upgrade")))
			f->upgrade |= h->value.n > 0;
		break;
	case 10:
		if (slice_ieq(h->name, SLICE("Connection"))) {
			note_connection(f, h->value);
			note_tab(f, h->line);
		}
		break;
	case 14:
		if (slice_ieq(h->name, SLICE("Content-Length"))) {
			note_length(f, h->value);
			note_tab(f, h->line);
		}
		break;
	case 17:
		if (slice_ieq(h->name, SLICE("Transfer-Encoding"))) {
			note_codings(f, h->value);
			note_tab(f, h->line);
		}
		break;
	}
}

static void
doubt_codings(struct http1_head *h, const struct facts *f)
{
	if (f->codings > 1)
		head_doubt(h, "a transfer coding besides chunked");
	/* RFC 9110 §5.6.1.2 ignores it; nginx, and Node at the end, do not. */
	if (f->gap)
		head_doubt(h, "an empty transfer coding");
	if (h->minor == 0)
		head_doubt(h, "Transfer-Encoding in HTTP/1.0");
}

/* Where both Node 20 and nginx answer 400 or 501, nobody knows the end. */
static const char *
frame_request(struct http1_head *h, const struct facts *f)
{
	if (f->codings > 0) {
		if (f->lengths > 0 || f->length_bad)
			return "Content-Length together with "
			       "Transfer-Encoding";
		if (!f->last_chunked || f->gap_last)
			return "a Transfer-Encoding that does not end in "
			       "chunked";
		if (f->chunked > 1)
			return "chunked more than once";
		doubt_codings(h, f);
		h->framing = HTTP1_CHUNKED;
		return NULL;
	}
	if (f->te)
		head_doubt(h, "an empty Transfer-Encoding");
	if (f->length_bad)
		return "a Content-Length that is no number";
	if (f->lengths > 1)
		return AMBIGUOUS_LENGTHS;
	h->framing = f->lengths ? HTTP1_LENGTH : HTTP1_NO_BODY;
	h->length = f->length;
	return NULL;
}

static void
frame_coded_response(struct http1_head *h, const struct facts *f)
{
	if (f->lengths > 0 || f->length_bad)
		head_doubt(h, "Content-Length together with "
			      "Transfer-Encoding");
	doubt_codings(h, f);
	/* §6.3 rule 4: not chunked at the end means until close. */
	h->framing = f->last_chunked ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE;
}

static const char *
frame_body(struct http1_head *h, const struct facts *f)
{
	if (f->codings > f->identity) {
		frame_coded_response(h, f);
		return NULL;
	}
	if (f->te)
		head_doubt(h, "a Transfer-Encoding that says nothing");
	if (f->length_bad)
		return "a Content-Length that is no number";
	if (f->lengths_differ)
		return "Content-Lengths that differ";
	if (f->lengths > 1)
		head_doubt(h, AMBIGUOUS_LENGTHS);
	h->framing = f->lengths ? HTTP1_LENGTH : HTTP1_UNTIL_CLOSE;
	h->length = f->length;
	return NULL;
}

/* Where no body can be, nothing depends on it; but Node refuses such heads. */
static void
doubt_bodiless(struct http1_head *h, const struct facts *f)
{
	if (f->length_bad)
		head_doubt(h, "a Content-Length that is no number");
	if (f->lengths > 1)
		head_doubt(h, AMBIGUOUS_LENGTHS);
	if (f->te && f->lengths > 0)
		head_doubt(h, "Content-Length together with "
			      "Transfer-Encoding");
}

static const char *
frame_response(const struct http1_decoder *d, struct http1_head *h,
	       const struct facts *f)
{
	bool success = h->status >= 200 && h->status <= 299;

	if (h->status == 101 || (d->connect && success))
		h->framing = HTTP1_TUNNEL;
	else if (h->status < 200 || h->status == 204 || h->status == 304 ||
		 d->no_body)
		h->framing = HTTP1_NO_BODY;
	else
		return frame_body(h, f);
	doubt_bodiless(h, f);
	return NULL;
}

const char *
framing_decide(struct http1_decoder *d)
{
	struct http1_head *h = &d->head;
	struct facts f = { 0 };
	const char *why;
	bool interim;

	for (size_t i = 0; i < h->nheaders; i++)
		note_field(&f, &h->headers[i]);
	why = d->kind == HTTP1_REQUEST ? frame_request(h, &f)
				       : frame_response(d, h, &f);
	if (why)
		return why;
	if (f.tab)
		head_doubt(h, "a tab in a field that frames the message");
	/* §9.3: close wins; Node goes on. */
	if (f.close && f.keep_alive && h->minor == 0)
		head_doubt(h, "close and keep-alive at once");
	interim = d->kind == HTTP1_RESPONSE && h->status < 200;
	h->keep_alive = !f.close && (h->minor > 0 || f.keep_alive);
	if (interim)
		h->keep_alive = true;	/* the final response decides */
	if (h->framing == HTTP1_UNTIL_CLOSE || h->framing == HTTP1_TUNNEL)
		h->keep_alive = false;
	h->upgrade = f.upgrade && f.upgrade_token;
	h->expect_continue = d->kind == HTTP1_REQUEST && f.expect &&
			     h->minor > 0;
	return NULL;
}
