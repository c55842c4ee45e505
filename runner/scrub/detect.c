/* The table of detectors, and the one pass over text that drives them. */
#include "detect.h"

#include <dvr/base/attr.h>
#include <dvr/base/mem.h>

#include "keys.h"
#include "vendor.h"

#include <stdlib.h>
#include <string.h>

const struct detector detectors[] = {
	{ .name = "jwt", .help = "JSON Web Tokens and encrypted ones",
	  .fn = detect_jwt, .anchors = { "eyJ", "ewog", "eyAi", "ewoJ" } },
	{ .name = "private-key", .help = "PEM private keys",
	  .fn = detect_pem, .anchors = { "-----BEGIN " } },
	{ .name = "bearer", .help = "Bearer tokens in text",
	  .fn = detect_bearer, .anchors = { "earer ", "EARER ", "earer%20",
					    "earer+" } },
	{ .name = "basic", .help = "Basic credentials in text",
	  .fn = detect_basic, .anchors = { "asic ", "ASIC " } },
	{ .name = "url-password", .help = "passwords in URLs",
	  .fn = detect_url_password, .anchors = { "://" } },
	{ .name = "vendor", .help = "tokens with their issuer's prefix",
	  .fn = detect_vendor },	/* anchors: the vendors' table */
	{ .name = "email", .help = "e-mail addresses",
	  .fn = detect_email, .at_sign = true },
	{ .name = "pan", .help = "card numbers: issuer, length, check digit",
	  .fn = detect_pan, .at_digit = true },
	{ .name = "ssn", .help = "US social security numbers with dashes",
	  .fn = detect_ssn, .at_digit = true },
};
const size_t detector_count = ARRAY_LEN(detectors);

bool
is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

struct needles *
detect_anchors(void)
{
	size_t max = detector_count * DETECTOR_ANCHORS + vendor_count;
	struct needle *v = mem_array(max, sizeof(*v));
	struct needles *s;
	size_t n = 0, i, k;

	for (i = 0; i < detector_count; i++) {
		const struct detector *d = &detectors[i];

		for (k = 0; k < DETECTOR_ANCHORS && d->anchors[k]; k++)
			v[n++] = (struct needle){
				.text = slice_str(d->anchors[k]),
				.id = (uint32_t)i,
			};
		if (d->fn != detect_vendor)
			continue;
		for (k = 0; k < vendor_count; k++)
			v[n++] = (struct needle){
				.text = slice_str(vendors[k].prefix),
				.id = (uint32_t)i,
			};
	}
	s = needles_create(v, n);
	free(v);
	return s;
}

/* Asks one detector at one place; moves *at behind a hit. */
static bool
ask(const struct detector *d, struct slice text, size_t *at,
    struct spans *out)
{
	struct hit h;

	if (!d->fn(text, *at, &h))
		return false;
	spans_add(out, &(struct span){
		.from = h.from, .to = h.to, .rank = RANK_TEXT,
		.class = slice_str(h.class), .rule = slice_str(d->name),
		.value = slice_range(text, h.from, h.to),
	});
	if (h.to > *at)
		*at = h.to;
	return true;
}

static void
at_anchors(const struct needles *anchors, struct slice text,
	   struct spans *out)
{
	const struct needle *n;
	size_t at = 0;

	while ((n = needles_next(anchors, text, &at))) {
		for (; n; n = needles_shorter(anchors, n, text, at)) {
			if (ask(&detectors[n->id], text, &at, out))
				break;
		}
		if (!n)
			at++;
	}
}

static void
at_signs(struct slice text, struct spans *out)
{
	size_t at = 0, i;

	while (at < text.n) {
		const char *p = memchr(text.p + at, '@', text.n - at);

		if (!p)
			return;
		at = (size_t)(p - text.p);
		for (i = 0; i < detector_count; i++) {
			if (detectors[i].at_sign &&
			    ask(&detectors[i], text, &at, out))
				break;
		}
		if (i == detector_count)
			at++;
	}
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Each run of digits is offered once, at its start. */
static void
at_digits(struct slice text, struct spans *out)
{
	size_t at = 0, i;

	while (at < text.n) {
		size_t from;

		if (!is_digit(text.p[at])) {
			at++;
			continue;
		}
		from = at;
		for (i = 0; i < detector_count; i++) {
			if (detectors[i].at_digit &&
			    ask(&detectors[i], text, &at, out))
				break;
		}
		if (at == from) {
			while (at < text.n && is_digit(text.p[at]))
				at++;
		}
	}
}

void
detect(const struct needles *anchors, struct slice text, struct spans *out)
{
	if (text.n == 0)
		return;
	at_anchors(anchors, text, out);
	at_signs(text, out);
	at_digits(text, out);
}
