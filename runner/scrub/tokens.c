/* Looks into tokens, and keeps what is in them scrubbed (see tokens.h). */
#include "tokens.h"

#include "handle.h"

#include <dvr/base/hash.h>

/* Longer ones are carried as they are: opaque. */
#define TOKEN_MAX (64u * KiB)
/* Distinct tokens of a tape; further ones are opaque. */
#define TOKENS_MAX 256

struct looking {
	struct job *job;
	struct token_work *v;
	size_t n, cap;
};

/* ---- reading ---------------------------------------------------------- */

static bool
decode(struct job *j, struct slice coded, struct slice *out)
{
	struct buf b;
	bool ok;

	buf_init(&b, TOKEN_MAX);
	ok = base64_decode(coded, &b) == 0 && !b.full &&
	     slice_is_utf8(buf_slice(&b));
	if (ok)
		*out = arena_copy(j->scratch, buf_slice(&b));
	if (b.n)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
	return ok;
}

static int
ignore(void *arg, const struct field *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static bool
is_object(struct job *j, struct slice text)
{
	return text.n > 1 && text.p[0] == '{' &&
	       field_format_named("json")->walk(j->scratch, text, ignore,
						NULL) == FIELD_OK;
}

/* RFC 7519 §3: header, claims, signature. */
static bool
read_jwt(struct job *j, struct slice token, struct slice *header,
	 struct slice *claims)
{
	struct slice rest = token, h, c;

	h = slice_cut(&rest, '.');
	c = slice_cut(&rest, '.');
	return rest.p && slice_chr(rest, '.') < 0 && decode(j, h, header) &&
	       decode(j, c, claims) && is_object(j, *header) &&
	       is_object(j, *claims);
}

/* ---- looking ---------------------------------------------------------- */

/* OpenID Connect Core §5.1: what tells who somebody is, and no more. */
static const struct { const char *claim, *class; } personal[] = {
	{ "/name", "person" }, { "/given_name", "person" },
	{ "/family_name", "person" }, { "/middle_name", "person" },
	{ "/nickname", "person" }, { "/preferred_username", "person" },
	{ "/profile", "person" }, { "/picture", "person" },
	{ "/website", "person" }, { "/email", "email" },
	{ "/birthdate", "person" }, { "/phone_number", "phone" },
	{ "/address/formatted", "address" },
	{ "/address/street_address", "address" },
};

struct claims {
	struct job *job;
	size_t piece;
};

static int
on_claim(void *arg, const struct field *f)
{
	const struct claims *c = arg;

	for (size_t i = 0; i < ARRAY_LEN(personal); i++) {
		if (f->kind == FIELD_STRING && f->span.n > 0 &&
		    slice_eq(f->place, slice_str(personal[i].claim)))
			job_mark(c->job, c->piece, f->span, RANK_KEY,
				 personal[i].class);
	}
	return 0;
}

static size_t
look_json(struct job *j, struct slice text)
{
	/* No place of a message: the user's field rules do not mean this. */
	struct walk_at at = { .part = PLACE_STATUS, .where = KEY_BODY };
	size_t i = job_add(j, text, SLICE("token"));
	struct claims c = { .job = j, .piece = i };

	if (job_walk(j, i, text, field_format_named("json"), &at) == FIELD_OK)
		job_detect(j, i);
	else
		job_detect_text(j, i);
	field_format_named("json")->walk(j->scratch, text, on_claim, &c);
	return i;
}

/* Of text that may hold handles, which have colons of their own. */
static ssize_t
first_colon(struct slice text)
{
	struct handle h;
	size_t from = 0, at;

	while (handle_next(text, from, &at, &h)) {
		ssize_t colon = slice_chr(slice_range(text, from, at), ':');

		if (colon >= 0)
			return (ssize_t)from + colon;
		from = at + h.text.n;
	}
	at = (size_t)slice_chr(slice_from(text, from), ':');
	return at == SIZE_MAX ? -1 : (ssize_t)(from + at);
}

/* RFC 7617 §2: what stands behind the first colon is secret. */
static size_t
look_basic(struct job *j, struct slice text)
{
	size_t i = job_add(j, text, SLICE("token"));
	ssize_t colon = first_colon(text);
	struct slice password = slice_from(text, (size_t)(colon + 1));

	if (password.n > 0)
		job_mark(j, i, password, RANK_TEXT, "password");
	job_detect(j, i);
	return i;
}

static bool
is_there(const struct looking *l, struct slice value)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->v[i].value, value))
			return true;
	return false;
}

static void
add(struct looking *l, const struct token_work *w)
{
	l->v = arena_grow(l->job->scratch, l->v, l->n, &l->cap,
			  sizeof(*l->v));
	l->v[l->n++] = *w;
}

static void
look(struct looking *l, struct slice value)
{
	struct slice header, text;

	if (value.n > TOKEN_MAX || l->n == TOKENS_MAX || is_there(l, value))
		return;
	if (read_jwt(l->job, value, &header, &text))
		add(l, &(struct token_work){ .coding = TOKEN_JWT,
			.value = value,
			.header = look_json(l->job, header),
			.text = look_json(l->job, text) });
	else if (slice_chr(value, '.') < 0 &&
		 decode(l->job, value, &text) && slice_chr(text, ':') >= 0)
		add(l, &(struct token_work){ .value = value,
			.coding = slice_chr(value, '-') >= 0 ||
				  slice_chr(value, '_') >= 0 ?
				  TOKEN_BASE64URL : TOKEN_BASE64,
			.text = look_basic(l->job, text) });
}

struct token_work *
tokens_look(struct job *j, size_t *n)
{
	struct looking l = { .job = j };
	size_t pieces = j->n;

	for (size_t i = 0; i < pieces; i++) {
		/* pieces and their spans move while more are added */
		for (size_t k = 0; k < j->v[i].spans.n; k++) {
			struct span x = j->v[i].spans.v[k];

			if (!x.text.p && (slice_eq(x.class, SLICE("jwt")) ||
					  slice_eq(x.class, SLICE("basic"))))
				look(&l, x.value);
		}
	}
	*n = l.n;
	return l.v;
}

void
tokens_look_again(struct job *j, const struct tape *t)
{
	for (size_t i = 0; i < t->ntokens; i++) {
		const struct tape_token *k = &t->tokens[i];

		if (k->coding == TOKEN_JWT) {
			look_json(j, k->header);
			look_json(j, k->text);
		} else {
			look_basic(j, k->text);
		}
	}
}

/* ---- storing ---------------------------------------------------------- */

static bool
text_of(struct job *j, size_t piece, struct arena *a, struct slice *out)
{
	struct slice text = job_text(j, piece);

	if (job_gave_up(j, piece).n > 0 || known_leaks(j->s->known, text))
		return false;
	*out = arena_copy(a, text);
	return true;
}

void
tokens_store(struct job *j, const struct token_work *v, size_t n,
	     struct tape *t)
{
	struct buf handle;

	t->tokens = arena_array(t->arena, n + 1, sizeof(*t->tokens));
	buf_init(&handle, KiB);
	for (size_t i = 0; i < n; i++) {
		struct tape_token *k = &t->tokens[t->ntokens];

		buf_clear(&handle);
		/* none: it went with something larger */
		if (!known_spell(j->s->known, v[i].value, &handle))
			continue;
		*k = (struct tape_token){ .coding = v[i].coding };
		if (!text_of(j, v[i].text, t->arena, &k->text) ||
		    (k->coding == TOKEN_JWT &&
		     !text_of(j, v[i].header, t->arena, &k->header)))
			continue;
		k->handle = arena_copy(t->arena, buf_slice(&handle));
		t->ntokens++;
	}
	buf_release(&handle);
}
