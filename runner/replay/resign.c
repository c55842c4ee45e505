/* Webhook signatures made anew, and the table of all schemes (see resign.h). */
#include "resign_scheme.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/field/header.h>
#include <dvr/scrub/scrub.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)1 << 30)	/* as a request */

struct keyed {
	const struct resign_rule *rule;
	struct slice key, id;
};

struct resigner {
	struct arena *arena;		/* keys: wiped */
	const struct scrub_values *values;
	int64_t recorded_us, shift_s;
	struct keyed *v;
	size_t n;
};

/* ---- tools ------------------------------------------------------------ */

struct slice
signing_value(const struct signing *s, const char *name)
{
	const struct header *h = headers_find(&s->m->headers, name);

	return h ? header_of_line(h->line).value : SLICE("");
}

void
signing_set(struct signing *s, struct slice name, struct slice value)
{
	for (size_t i = 0; i < s->m->headers.n; i++) {
		struct header *h = &s->m->headers.v[i];

		if (!slice_ieq(h->name, name))
			continue;
		*h = header_of_line(arena_fmt(s->arena, "%.*s: %.*s",
			SLICE_ARG(h->name), SLICE_ARG(value)));
		return;
	}
}

struct slice
signing_hmac(const struct signing *s, const char *digest, struct slice key,
	     struct slice text)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	const char *p = text.n > 0 ? text.p : "";
	unsigned n = sizeof(mac);

	if (HMAC(EVP_get_digestbyname(digest), key.n > 0 ? key.p : "",
		 (int)key.n, (const unsigned char *)p, text.n, mac, &n) == NULL)
		return SLICE("");
	return arena_copy(s->arena, slice_of(mac, n));
}

struct slice
signing_hex(struct arena *a, struct slice raw)
{
	struct slice done;
	struct buf b;

	buf_init(&b, raw.n * 2);
	hex_encode(raw, &b);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* Seconds since 1970, moved as the clock is; of no number, the request's own
 * time. */
static struct slice
shifted(const struct signing *s, struct slice value)
{
	uint64_t t;

	if (slice_uint(value, INT64_MAX / 4, &t) != 0)
		t = (uint64_t)(s->now_s - s->shift_s);
	return arena_fmt(s->arena, "%lld", (long long)t + s->shift_s);
}

/* HMAC in hex of a text and the body behind it. */
static struct slice
signed_body(const struct signing *s, const char *digest, struct slice before)
{
	struct slice mac;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add(&b, before);
	buf_add(&b, s->m->body);
	mac = signing_hmac(s, digest, s->key, buf_slice(&b));
	buf_release(&b);
	return signing_hex(s->arena, mac);
}

/* ---- webhooks --------------------------------------------------------- */

/* "Validating webhook deliveries" of GitHub's documentation. */
static void
sign_github(struct signing *s)
{
	struct slice old = signed_body(s, "SHA1", SLICE(""));
	struct slice now = signed_body(s, "SHA256", SLICE(""));

	signing_set(s, SLICE("x-hub-signature"),
		    arena_fmt(s->arena, "sha1=%.*s", SLICE_ARG(old)));
	signing_set(s, SLICE("x-hub-signature-256"),
		    arena_fmt(s->arena, "sha256=%.*s", SLICE_ARG(now)));
}

/* "Verify webhook signatures manually" of Stripe's documentation. */
static void
sign_stripe(struct signing *s)
{
	struct header_walk w = header_walk(HEADER_LIST, signing_value(s,
		"stripe-signature"));
	struct slice t = SLICE(""), mac;
	struct header_part p;

	while (header_next(&w, &p)) {
		if (p.value.p && slice_eq(p.name, SLICE("t")))
			t = p.value;
	}
	t = shifted(s, t);
	mac = signed_body(s, "SHA256",
			  arena_fmt(s->arena, "%.*s.", SLICE_ARG(t)));
	signing_set(s, SLICE("stripe-signature"),
		    arena_fmt(s->arena, "t=%.*s,v1=%.*s", SLICE_ARG(t),
			      SLICE_ARG(mac)));
}

/* "Verifying requests from Slack" of its documentation. */
static void
sign_slack(struct signing *s)
{
	struct slice t = shifted(s, signing_value(s,
		"x-slack-request-timestamp"));
	struct slice mac = signed_body(s, "SHA256",
		arena_fmt(s->arena, "v0:%.*s:", SLICE_ARG(t)));

	signing_set(s, SLICE("x-slack-request-timestamp"), t);
	signing_set(s, SLICE("x-slack-signature"),
		    arena_fmt(s->arena, "v0=%.*s", SLICE_ARG(mac)));
}

/* {body}, {method}, {path}, {timestamp} and {header:NAME} in the template. */
static void
put_part(const struct signing *s, struct slice name, struct buf *out)
{
	if (slice_eq(name, SLICE("body")))
		buf_add(out, s->m->body);
	else if (slice_eq(name, SLICE("method")))
		buf_add(out, message_method(s->m));
	else if (slice_eq(name, SLICE("path")))
		buf_add(out, message_target(s->m));
	else if (slice_eq(name, SLICE("timestamp")) && s->rule->timestamp)
		buf_add(out, signing_value(s, s->rule->timestamp));
	else if (slice_starts(name, SLICE("header:")))
		buf_add(out, signing_value(s,
			arena_str(s->arena, slice_from(name, 7))));
}

static struct slice
filled(const struct signing *s)
{
	struct slice rest = slice_str(s->rule->over), done;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	while (rest.n > 0) {
		buf_add(&b, slice_cut(&rest, '{'));
		if (rest.p)
			put_part(s, slice_cut(&rest, '}'), &b);
	}
	done = arena_copy(s->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

static void
sign_hmac(struct signing *s)
{
	const struct resign_rule *r = s->rule;
	struct slice mac;
	struct buf b;

	if (r->timestamp != NULL)
		signing_set(s, slice_str(r->timestamp),
			    shifted(s, signing_value(s, r->timestamp)));
	mac = signing_hmac(s, r->digest, s->key, filled(s));
	buf_init(&b, 4 * KiB);
	buf_adds(&b, r->prefix);
	if (r->base64)
		base64_encode(mac, &b);
	else
		hex_encode(mac, &b);
	signing_set(s, slice_str(r->header), arena_copy(s->arena,
						       buf_slice(&b)));
	buf_release(&b);
}

static const struct scheme {
	sign_fn *sign;
	const char *begins;	/* the header's value, NULL: whatever */
} schemes[] = {
	[RESIGN_GITHUB] = { sign_github, NULL },
	[RESIGN_STRIPE] = { sign_stripe, NULL },
	[RESIGN_SLACK] = { sign_slack, NULL },
	[RESIGN_HMAC] = { sign_hmac, NULL },
	[RESIGN_AZURE] = { sign_azure, "SharedKey" },
	[RESIGN_AWS] = { sign_aws, "AWS4-HMAC-SHA256 " },
	[RESIGN_JWT] = { NULL, NULL },
};

/* ---- which, and with what --------------------------------------------- */

static bool
fits(const struct resign_rule *rule, const struct exchange *x)
{
	const struct header *h;
	const char *begins = schemes[rule->kind].begins;
	char name[128];
	struct slice wanted = resign_rule_header(rule);

	if (wanted.n == 0 || wanted.n >= sizeof(name))
		return false;
	memcpy(name, wanted.p, wanted.n);
	name[wanted.n] = '\0';
	h = headers_find(&x->request.headers, name);
	return h != NULL &&
	       (begins == NULL || slice_istarts(h->value, slice_str(begins)));
}

static bool
is_needed(const struct resign_rule *rule, const struct tape *t)
{
	for (size_t i = 0; i < t->nexchanges; i++)
		if (t->lanes[t->exchanges[i].lane].role == LANE_INGRESS &&
		    fits(rule, &t->exchanges[i]))
			return true;
	return false;
}

int
secret_from_env(const char *who, const char *name, struct slice *out,
		struct err *e)
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0')
		/* no "secret: …": that would be taken for one */
		return err_set(e, ERR_USAGE, "%s is not set; in a replay %s "
			       "takes its value from that variable", name,
			       who);
	*out = slice_str(value);
	return 0;
}

static int
read_key(struct resigner *r, const struct resign_rule *rule,
	 struct keyed *out, struct err *e)
{
	struct slice text, id = SLICE("");
	struct buf b;
	int rc = 0;

	if (secret_from_env("a rule under `resign`", rule->key_env, &text, e) != 0 ||
	    (rule->id_env &&
	     secret_from_env("a rule under `resign`", rule->id_env, &id, e) != 0))
		return -1;
	buf_init(&b, text.n + 1);
	if (!rule->key_base64)
		buf_add(&b, text);
	else if (base64_decode(text, &b) != 0)
		rc = err_set(e, ERR_USAGE, "resign: the value of %s is no "
			     "base64", rule->key_env);
	*out = (struct keyed){ .rule = rule,
		.key = arena_copy(r->arena, buf_slice(&b)),
		.id = arena_copy(r->arena, id) };
	if (b.n > 0)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
	return rc;
}

int
resigner_create(const struct secrets_config *cfg, const struct tape *t,
		const struct scrub_values *values, int64_t shift_s,
		struct resigner **out, struct err *e)
{
	struct resigner *r = mem_alloc(sizeof(*r));

	*r = (struct resigner){ .arena = arena_create(), .values = values,
		.recorded_us = t->recorded_us, .shift_s = shift_s };
	r->v = arena_array(r->arena, cfg->nresign + 1, sizeof(*r->v));
	for (size_t i = 0; i < cfg->nresign; i++) {
		if (!is_needed(&cfg->resign[i], t))
			continue;
		if (read_key(r, &cfg->resign[i], &r->v[r->n], e) != 0) {
			resigner_destroy(r);
			return -1;
		}
		r->n++;
	}
	*out = r;
	return 0;
}

void
resigner_destroy(struct resigner *r)
{
	if (r == NULL)
		return;
	arena_wipe(r->arena);
	free(r);
}

struct known {
	const struct scrub_values *values;
	bool any;
};

static void
on_handle(void *arg, struct slice handle, struct slice class)
{
	struct known *k = arg;
	struct slice live;

	(void)class;
	k->any |= scrub_values_get(k->values, handle, &live);
}

/* A value that somebody named is not signed over. */
static bool
is_named(const struct resigner *r, const struct exchange *x,
	 struct slice header)
{
	struct known k = { .values = r->values };

	for (size_t i = 0; i < x->request.headers.n; i++)
		if (slice_ieq(x->request.headers.v[i].name, header))
			scrub_each_handle(x->request.headers.v[i].value,
					  on_handle, &k);
	return k.any;
}

size_t
resigner_rule(const struct resigner *r, const struct exchange *x)
{
	for (size_t i = 0; r != NULL && i < r->n; i++)
		if (fits(r->v[i].rule, x) &&
		    !is_named(r, x, resign_rule_header(r->v[i].rule)))
			return i + 1;
	return 0;
}

struct slice
resigner_header(const struct resigner *r, size_t rule)
{
	return resign_rule_header(r->v[rule - 1].rule);
}

void
resigner_sign(const struct resigner *r, size_t rule, const struct exchange *x,
	      struct arena *a, struct message *m)
{
	const struct keyed *k = &r->v[rule - 1];
	struct message was = *m;
	struct signing s = { .rule = k->rule, .key = k->key, .id = k->id,
		.shift_s = r->shift_s, .arena = a, .m = m };

	s.now_s = (r->recorded_us + x->request.at_us) / US_PER_S + r->shift_s;
	m->headers.v = arena_array(a, m->headers.n + 1,
				   sizeof(*m->headers.v));
	for (size_t i = 0; i < m->headers.n; i++)
		m->headers.v[i] = header_of_line(was.headers.v[i].line);
	schemes[k->rule->kind].sign(&s);
	scrub_live_mend(a, &was, m);
}
