/* Signatures of cloud requests: Azure's SharedKey, AWS's version 4. */
#include "resign_scheme.h"

#include <dvr/base/clock.h>
#include <dvr/base/hash.h>
#include <dvr/field/field.h>
#include <dvr/field/header.h>

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (16u * MiB)
#define PAIRS_MAX 256		/* headers or parameters that are signed */
#define DAY_S 86400

struct pairs {
	struct slice name[PAIRS_MAX], value[PAIRS_MAX];
	size_t n;
};

static void
add_pair(struct pairs *p, struct slice name, struct slice value)
{
	if (p->n == PAIRS_MAX)
		return;
	p->name[p->n] = name;
	p->value[p->n++] = value;
}

static int
pair_order(const struct pairs *p, size_t a, size_t b)
{
	int order = slice_cmp(p->name[a], p->name[b]);

	return order != 0 ? order : slice_cmp(p->value[a], p->value[b]);
}

/* They are few. */
static void
sort_pairs(struct pairs *p)
{
	for (size_t i = 1; i < p->n; i++)
		for (size_t k = i; k > 0 && pair_order(p, k - 1, k) > 0; k--) {
			struct slice name = p->name[k], value = p->value[k];

			p->name[k] = p->name[k - 1];
			p->value[k] = p->value[k - 1];
			p->name[k - 1] = name;
			p->value[k - 1] = value;
		}
}

static struct slice
lower(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return slice_of(p, s.n);
}

static struct slice
target_query(const struct message *m)
{
	struct slice query = message_target(m);

	slice_cut(&query, '?');
	return query;
}

static void
read_query(const struct signing *s, bool lower_names, struct pairs *out)
{
	struct header_walk w = header_walk(HEADER_QUERY, target_query(s->m));
	struct header_part p;

	while (header_next(&w, &p)) {
		struct slice name = percent_plain(s->arena, p.name, false);

		add_pair(out, lower_names ? lower(s->arena, name) : name,
			 percent_plain(s->arena, p.value, false));
	}
	sort_pairs(out);
}

/* ---- times ------------------------------------------------------------ */

/* "20261122T120000Z" */
static struct slice
basic_time(struct arena *a, int64_t s)
{
	char t[CLOCK_RFC3339_MAX];

	clock_rfc3339(s * US_PER_S, t);
	return arena_fmt(a, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", t, t + 5, t + 8,
			 t + 11, t + 14, t + 17);
}

/* "Sun, 22 Nov 2026 12:00:00 GMT" (RFC 9110 §5.6.7) */
static struct slice
http_date(struct arena *a, int64_t s)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970 on */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char t[CLOCK_RFC3339_MAX];
	unsigned month;

	clock_rfc3339(s * US_PER_S, t);
	month = (unsigned)((t[5] - '0') * 10 + (t[6] - '0')) - 1;
	return arena_fmt(a, "%.3s, %.2s %.3s %.4s %.8s GMT",
			 days + 3 * (s / DAY_S % 7), t + 8,
			 months + 3 * (month % 12), t, t + 11);
}

/* ---- Azure ------------------------------------------------------------ */

/* "Authorize with Shared Key", Azure Storage REST reference. */
static void
put_ms_headers(const struct signing *s, struct buf *out)
{
	struct pairs *p = arena_alloc(s->arena, sizeof(*p));

	for (size_t i = 0; i < s->m->headers.n; i++) {
		const struct header *h = &s->m->headers.v[i];

		if (slice_istarts(h->name, SLICE("x-ms-")))
			add_pair(p, lower(s->arena, h->name), h->value);
	}
	sort_pairs(p);
	for (size_t i = 0; i < p->n; i++)
		buf_fmt(out, "%.*s:%.*s\n", SLICE_ARG(p->name[i]),
			SLICE_ARG(p->value[i]));
}

static void
put_resource(const struct signing *s, struct slice account, bool all,
	     struct buf *out)
{
	struct pairs *p = arena_alloc(s->arena, sizeof(*p));

	buf_fmt(out, "/%.*s%.*s", SLICE_ARG(account),
		SLICE_ARG(message_path(s->m)));
	read_query(s, true, p);
	for (size_t i = 0; i < p->n; i++) {
		bool again = i > 0 && slice_eq(p->name[i - 1], p->name[i]);

		if (!all && slice_eq(p->name[i], SLICE("comp")))
			buf_fmt(out, "?comp=%.*s", SLICE_ARG(p->value[i]));
		else if (all && again)
			buf_fmt(out, ",%.*s", SLICE_ARG(p->value[i]));
		else if (all)
			buf_fmt(out, "\n%.*s:%.*s", SLICE_ARG(p->name[i]),
				SLICE_ARG(p->value[i]));
	}
}

static void
put_line(const struct signing *s, const char *name, struct buf *out)
{
	buf_add(out, signing_value(s, name));
	buf_addc(out, '\n');
}

/* Blobs, queues and files. */
static void
put_blob_text(const struct signing *s, struct slice account, bool lite,
	      struct buf *out)
{
	static const char *const all[] = { "content-encoding",
		"content-language", "content-length", "content-md5",
		"content-type", "date", "if-modified-since", "if-match",
		"if-none-match", "if-unmodified-since", "range" };
	static const char *const some[] = { "content-md5", "content-type",
		"date" };
	const char *const *names = lite ? some : all;
	size_t n = lite ? ARRAY_LEN(some) : ARRAY_LEN(all);
	bool dated = signing_value(s, "x-ms-date").n > 0;

	buf_fmt(out, "%.*s\n", SLICE_ARG(message_method(s->m)));
	for (size_t i = 0; i < n; i++) {
		struct slice v = signing_value(s, names[i]);
		bool none = (dated && strcmp(names[i], "date") == 0) ||
			    (slice_eq(v, SLICE("0")) &&
			     strcmp(names[i], "content-length") == 0);

		if (none)
			buf_addc(out, '\n');
		else
			put_line(s, names[i], out);
	}
	put_ms_headers(s, out);
	put_resource(s, account, !lite, out);
}

static void
put_table_text(const struct signing *s, struct slice account, bool lite,
	       struct buf *out)
{
	bool dated = signing_value(s, "x-ms-date").n > 0;

	if (!lite) {
		buf_fmt(out, "%.*s\n", SLICE_ARG(message_method(s->m)));
		put_line(s, "content-md5", out);
		put_line(s, "content-type", out);
	}
	put_line(s, dated ? "x-ms-date" : "date", out);
	put_resource(s, account, false, out);
}

void
sign_azure(struct signing *s)
{
	struct header_walk w = header_walk(HEADER_CREDENTIALS,
					   signing_value(s, "authorization"));
	struct slice scheme = header_scheme(&w), rest = w.rest;
	struct slice account = slice_cut(&rest, ':'), date;
	bool lite = slice_ieq(scheme, SLICE("SharedKeyLite"));
	bool table = signing_value(s, "dataserviceversion").n > 0 ||
		     signing_value(s, "maxdataserviceversion").n > 0;
	struct buf text, value;

	date = http_date(s->arena, s->now_s);
	if (signing_value(s, "x-ms-date").n > 0)
		signing_set(s, SLICE("x-ms-date"), date);
	else
		signing_set(s, SLICE("date"), date);
	buf_init(&text, TEXT_MAX);
	buf_init(&value, 4 * KiB);
	if (table)
		put_table_text(s, account, lite, &text);
	else
		put_blob_text(s, account, lite, &text);
	buf_fmt(&value, "%.*s %.*s:", SLICE_ARG(scheme), SLICE_ARG(account));
	base64_encode(signing_hmac(s, "SHA256", s->key, buf_slice(&text)),
		      &value);
	signing_set(s, SLICE("authorization"),
		    arena_copy(s->arena, buf_slice(&value)));
	buf_release(&text);
	buf_release(&value);
}

/* ---- AWS -------------------------------------------------------------- */

struct aws {
	struct slice id, date, region, service;	/* of the credential */
	struct slice signed_headers;
	struct slice time;
};

/* "Credential=ID/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, …" */
static bool
read_aws(struct signing *s, struct aws *out)
{
	struct header_walk w = header_walk(HEADER_CREDENTIALS,
					   signing_value(s, "authorization"));
	struct header_part p;
	struct slice scope;

	header_scheme(&w);
	*out = (struct aws){ .id = s->id };
	while (header_next(&w, &p)) {
		if (slice_eq(p.name, SLICE("SignedHeaders")))
			out->signed_headers = p.value;
		if (!slice_eq(p.name, SLICE("Credential")))
			continue;
		scope = p.value;
		if (out->id.n == 0)
			out->id = slice_cut(&scope, '/');
		else
			slice_cut(&scope, '/');
		slice_cut(&scope, '/');
		out->region = slice_cut(&scope, '/');
		out->service = slice_cut(&scope, '/');
	}
	out->time = basic_time(s->arena, s->now_s);
	out->date = slice_range(out->time, 0, 8);
	return out->service.n > 0 && out->signed_headers.n > 0;
}

/* RFC 3986 §2.3: AWS escapes everything else, the slash as it is told. */
static void
put_escaped(struct slice s, bool slash, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
		    c == '_' || c == '~' || (c == '/' && !slash))
			buf_addc(out, c);
		else
			buf_fmt(out, "%%%02X", (unsigned char)c);
	}
}

static struct slice
payload_hash(const struct signing *s)
{
	struct slice told = signing_value(s, "x-amz-content-sha256");
	char hex[SHA256_HEX];

	/* "UNSIGNED-PAYLOAD", or that of another body */
	if (told.n > 0 && told.n != SHA256_HEX - 1)
		return told;
	sha256_hex(s->m->body, hex);
	return arena_copy(s->arena, slice_str(hex));
}

static void
put_request(const struct signing *s, const struct aws *aws,
	    struct slice payload, struct buf *out)
{
	struct pairs *p = arena_alloc(s->arena, sizeof(*p));
	struct slice names = aws->signed_headers;

	buf_fmt(out, "%.*s\n", SLICE_ARG(message_method(s->m)));
	/* all but S3 escape what is escaped once more */
	put_escaped(slice_eq(aws->service, SLICE("s3")) ?
		    percent_plain(s->arena, message_path(s->m), false) :
		    message_path(s->m), false, out);
	buf_addc(out, '\n');
	read_query(s, false, p);
	for (size_t i = 0; i < p->n; i++) {
		buf_adds(out, i > 0 ? "&" : "");
		put_escaped(p->name[i], true, out);
		buf_addc(out, '=');
		put_escaped(p->value[i], true, out);
	}
	buf_addc(out, '\n');
	while (names.p) {
		struct slice name = slice_cut(&names, ';');

		buf_fmt(out, "%.*s:", SLICE_ARG(name));
		put_line(s, arena_str(s->arena, name), out);
	}
	buf_fmt(out, "\n%.*s\n%.*s", SLICE_ARG(aws->signed_headers),
		SLICE_ARG(payload));
}

static struct slice
aws_key(const struct signing *s, const struct aws *aws)
{
	struct slice key = arena_fmt(s->arena, "AWS4%.*s", SLICE_ARG(s->key));

	key = signing_hmac(s, "SHA256", key, aws->date);
	key = signing_hmac(s, "SHA256", key, aws->region);
	key = signing_hmac(s, "SHA256", key, aws->service);
	return signing_hmac(s, "SHA256", key, SLICE("aws4_request"));
}

/* "Create a signed AWS API request", AWS's documentation. */
void
sign_aws(struct signing *s)
{
	char hex[SHA256_HEX];
	struct slice payload, scope, text, mac;
	struct aws aws;
	struct buf b;

	if (!read_aws(s, &aws))
		return;
	payload = payload_hash(s);
	signing_set(s, SLICE("x-amz-content-sha256"), payload);
	signing_set(s, SLICE("x-amz-date"), aws.time);
	buf_init(&b, TEXT_MAX);
	put_request(s, &aws, payload, &b);
	sha256_hex(buf_slice(&b), hex);
	buf_release(&b);
	scope = arena_fmt(s->arena, "%.*s/%.*s/%.*s/aws4_request",
			  SLICE_ARG(aws.date), SLICE_ARG(aws.region),
			  SLICE_ARG(aws.service));
	text = arena_fmt(s->arena, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%s",
			 SLICE_ARG(aws.time), SLICE_ARG(scope), hex);
	mac = signing_hex(s->arena, signing_hmac(s, "SHA256",
						aws_key(s, &aws), text));
	signing_set(s, SLICE("authorization"), arena_fmt(s->arena,
		"AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, "
		"Signature=%.*s", SLICE_ARG(aws.id), SLICE_ARG(scope),
		SLICE_ARG(aws.signed_headers), SLICE_ARG(mac)));
}
