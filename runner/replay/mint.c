/* Tokens made anew (see mint.h). */
#include "mint.h"

#include "mint_key.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/field/field.h>

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX 10	/* algorithms that mint_key.c has */
#define SECRET_BYTES 32
#define KID_MAX 40
#define JSON_MAX (256u * KiB)
#define EDITS_MAX 32

struct key {
	const struct mint_alg *alg;
	EVP_PKEY *pkey;
	char kid[KID_MAX];
};

struct mint {
	struct key keys[KEYS_MAX];
	size_t n;
	unsigned char secret[SECRET_BYTES];	/* of HS* without another */
	char run[9];				/* makes our kids this run's */
};

struct mint *
mint_create(const struct clock *clock)
{
	struct mint *m = mem_alloc(sizeof(*m));
	unsigned char raw[4];

	clock->random(clock, m->secret, sizeof(m->secret));
	clock->random(clock, raw, sizeof(raw));
	snprintf(m->run, sizeof(m->run), "%02x%02x%02x%02x", raw[0], raw[1],
		 raw[2], raw[3]);
	return m;
}

void
mint_destroy(struct mint *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		EVP_PKEY_free(m->keys[i].pkey);
	explicit_bzero(m, sizeof(*m));
	free(m);
}

/* ---- keys ------------------------------------------------------------- */

static const struct key *
key_for(struct mint *m, const struct mint_alg *alg)
{
	struct key *k;

	for (size_t i = 0; i < m->n; i++)
		if (m->keys[i].alg == alg)
			return &m->keys[i];
	if (m->n == KEYS_MAX)
		return NULL;
	k = &m->keys[m->n];
	k->pkey = mint_key_make(alg);
	if (k->pkey == NULL)
		return NULL;
	k->alg = alg;
	snprintf(k->kid, sizeof(k->kid), "dvr-mock-%s-%s", alg->name, m->run);
	m->n++;
	return k;
}

bool
mint_prepare(struct mint *m, struct slice alg)
{
	const struct mint_alg *known = mint_alg_named(alg);

	return known != NULL && key_for(m, known) != NULL;
}

void
mint_keys(const struct mint *m, struct buf *out)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct key *k = &m->keys[i];

		buf_fmt(out, "%s{\"kid\":\"%s\",\"use\":\"sig\",\"alg\":\"%s\","
			"\"kty\":", i > 0 ? "," : "", k->kid, k->alg->name);
		mint_key_print(k->alg, k->pkey, out);
		buf_addc(out, '}');
	}
}

void
mint_jwks(const struct mint *m, struct buf *out)
{
	buf_adds(out, "{\"keys\":[");
	mint_keys(m, out);
	buf_adds(out, "]}");
}

/* ---- shared secrets --------------------------------------------------- */

/* RFC 7518 §3.2 */
static const struct { const char *name, *digest; } shared[] = {
	{ "HS256", "SHA256" }, { "HS384", "SHA384" }, { "HS512", "SHA512" },
};

static const char *
shared_digest(struct slice alg)
{
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (slice_eq(slice_str(shared[i].name), alg))
			return shared[i].digest;
	return NULL;
}

bool
mint_is_shared(struct slice alg)
{
	return shared_digest(alg) != NULL;
}

static bool
sign_shared(const char *digest, struct slice secret, struct slice text,
	    struct buf *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = sizeof(mac);

	if (HMAC(EVP_get_digestbyname(digest), secret.p, (int)secret.n,
		 (const unsigned char *)text.p, text.n, mac, &n) == NULL)
		return false;
	base64url_encode(slice_of(mac, n), out);
	return true;
}

/* ---- JSON, edited in place -------------------------------------------- */

struct json_edit {
	size_t from, to;
	struct slice text;
};

struct editing {
	struct arena *arena;
	const struct mint_order *order;
	struct slice json;
	struct json_edit v[EDITS_MAX];
	size_t n;
	struct slice alg;
	const char *kid;	/* of our key */
	bool has_kid;
};

static void
edit(struct editing *x, struct slice span, struct slice text)
{
	size_t from = (size_t)(span.p - x->json.p);

	if (x->n < EDITS_MAX)
		x->v[x->n++] = (struct json_edit){ .from = from,
			.to = from + span.n, .text = text };
}

/* The text with its edits, which came in order. */
static struct slice
edited(const struct editing *x)
{
	struct slice done;
	size_t at = 0;
	struct buf b;

	buf_init(&b, JSON_MAX);
	for (size_t i = 0; i < x->n; i++) {
		buf_add(&b, slice_range(x->json, at, x->v[i].from));
		buf_add(&b, x->v[i].text);
		at = x->v[i].to;
	}
	buf_add(&b, slice_from(x->json, at));
	done = arena_copy(x->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

static bool
walk(struct editing *x, struct slice json, field_fn *fn)
{
	x->json = json;
	x->n = 0;
	return json.n > 1 && json.n <= JSON_MAX / 2 && json.p[0] == '{' &&
	       field_format_named("json")->walk(x->arena, json, fn, x) ==
		       FIELD_OK;
}

static int
on_alg(void *arg, const struct field *f)
{
	struct editing *x = arg;

	if (f->kind == FIELD_STRING && slice_eq(f->place, SLICE("/alg")))
		x->alg = arena_copy(x->arena, f->value);
	return 0;
}

struct slice
mint_alg(struct arena *a, struct slice header)
{
	struct editing x = { .arena = a };

	walk(&x, header, on_alg);
	return x.alg;
}

/* RFC 7515 §4.1: members that lead to a key. */
static bool
leads_to_key(struct slice place)
{
	static const char *const names[] = { "/jku", "/jwk", "/x5u", "/x5c",
					     "/x5t", "/x5t#S256" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(place, slice_str(names[i])))
			return true;
	return false;
}

/* Their names stay, with nothing in them: the text around them does, too. */
static int
on_header(void *arg, const struct field *f)
{
	struct editing *x = arg;
	bool quoted = f->kind == FIELD_STRING;

	if (leads_to_key(f->place)) {
		edit(x, f->span, quoted ? SLICE("") : SLICE("null"));
		return 0;
	}
	if (!slice_eq(f->place, SLICE("/kid")) || !quoted)
		return 0;
	x->has_kid = true;
	edit(x, f->span, slice_str(x->kid));
	return 0;
}

/* "1790000000.25": whole seconds are moved, the lexeme's rest stays. */
static void
shift(struct editing *x, struct slice span)
{
	struct slice rest = span, whole = slice_cut(&rest, '.');
	uint64_t v;
	int64_t now;

	if (slice_uint(whole, INT64_MAX / 4, &v) != 0)
		return;
	now = (int64_t)v + x->order->shift_s;
	edit(x, whole, arena_fmt(x->arena, "%lld",
				 (long long)(now > 0 ? now : 0)));
}

/* RFC 7519 §4.1.4 to §4.1.6; auth_time of OpenID Connect Core §2. */
static int
on_claim(void *arg, const struct field *f)
{
	static const char *const times[] = { "/exp", "/nbf", "/iat",
					     "/auth_time" };
	struct editing *x = arg;

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (f->kind == FIELD_NUMBER &&
		    slice_eq(f->place, slice_str(times[i])))
			shift(x, f->span);
	if (x->order->issuer != NULL && f->kind == FIELD_STRING &&
	    slice_eq(f->place, SLICE("/iss")))
		edit(x, f->span, slice_str(x->order->issuer));
	return 0;
}

/* ---- the whole -------------------------------------------------------- */

static struct slice
header_with_kid(struct editing *x)
{
	if (x->has_kid)
		return edited(x);
	return arena_fmt(x->arena, "{\"kid\":\"%s\",%.*s", x->kid,
			 SLICE_ARG(slice_from(edited(x), 1)));
}

/* Appends ".signature"; false when it cannot be made. */
static bool
sign(struct mint *m, const struct editing *x, const struct key *k,
     struct buf *out)
{
	struct slice text = buf_slice(out), secret = x->order->secret;
	const char *digest = shared_digest(x->alg);
	struct buf sig;
	bool ok;

	buf_init(&sig, 4 * KiB);
	if (secret.n == 0)
		secret = slice_of(m->secret, sizeof(m->secret));
	if (k != NULL)
		ok = mint_key_sign(k->alg, k->pkey, text, &sig);
	else
		ok = digest == NULL || sign_shared(digest, secret, text, &sig);
	buf_addc(out, '.');
	buf_add(out, buf_slice(&sig));
	buf_release(&sig);
	return ok;
}

static int
make(struct mint *m, struct editing *x, struct buf *out, struct err *e)
{
	const struct mint_order *o = x->order;
	const struct mint_alg *alg;
	const struct key *k = NULL;
	char q[QUOTE_MAX];

	x->alg = mint_alg(x->arena, o->header);
	alg = mint_alg_named(x->alg);
	if (alg == NULL && !mint_is_shared(x->alg) &&
	    !slice_eq(x->alg, SLICE("none")))
		return err_set(e, ERR_TAPE, "a token's algorithm '%s' is none "
			       "that can be signed", quote(x->alg, q));
	if (alg != NULL && (k = key_for(m, alg)) == NULL)
		return err_set(e, ERR_INTERNAL, "OpenSSL makes no key for %s",
			       alg->name);
	x->kid = k ? k->kid : "";
	if (!walk(x, o->header, on_header))
		return err_set(e, ERR_TAPE, "a token's header is no JSON "
			       "object");
	base64url_encode(k ? header_with_kid(x) : o->header, out);
	buf_addc(out, '.');
	if (!walk(x, o->claims, on_claim))
		return err_set(e, ERR_TAPE, "a token's claims are no JSON "
			       "object");
	base64url_encode(edited(x), out);
	if (!sign(m, x, k, out))
		return err_set(e, ERR_INTERNAL, "OpenSSL does not sign with "
			       "%.*s", SLICE_ARG(x->alg));
	return 0;
}

int
mint_jwt(struct mint *m, const struct mint_order *o, struct buf *out,
	 struct err *e)
{
	struct editing x = { .arena = arena_create(), .order = o };
	struct buf token;
	int rc;

	buf_init(&token, 2 * JSON_MAX);
	rc = make(m, &x, &token, e);
	if (rc == 0)
		buf_add(out, buf_slice(&token));
	buf_release(&token);
	arena_wipe(x.arena);
	return rc;
}
