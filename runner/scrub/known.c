/* The table of known values, and the handles made for them. */
#include "known_table.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>

#include "forms.h"
#include "handle.h"
#include "pii.h"
#include "shape.h"
#include "issuer_form.h"
#include "vendor.h"

#include <stdlib.h>
#include <string.h>

/* Above these the table starts afresh between two recordings. */
#define VALUES_MAX 20000u
#define BYTES_MAX (8u * MiB)
/* The longest form of the longest value that is searched for. */
#define FORM_BYTES_MAX (1u * MiB)
/* Lengths of values that may be others coded (bytes). */
#define CODED_MIN 8
#define CODED_MAX (16u * KiB)

struct known *
known_create(const void *key, size_t key_n)
{
	struct known *k = mem_alloc(sizeof(*k));

	k->key = slice_of(key, key_n);
	k->arena = arena_create();
	buf_init(&k->form, FORM_BYTES_MAX);
	return k;
}

static void
forget(struct known *k)
{
	needles_destroy(k->needles);
	buf_release(&k->form);
	arena_wipe(k->arena);
	free(k->v);
	free(k->table);
}

void
known_destroy(struct known *k)
{
	if (!k)
		return;
	forget(k);
	free(k);
}

void
known_trim(struct known *k)
{
	struct slice key = k->key;

	if (k->n < VALUES_MAX && k->bytes < BYTES_MAX)
		return;
	forget(k);
	*k = (struct known){ .key = key, .arena = arena_create() };
	buf_init(&k->form, FORM_BYTES_MAX);
}

static uint64_t
value_hash(struct slice s)
{
	uint64_t h = 1469598103934665603ull;	/* FNV-1a */
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211ull;
	return h ^ h >> 29;
}

size_t
known_slot(const struct known *k, struct slice value)
{
	size_t i = (size_t)value_hash(value) & (k->table_n - 1);

	while (k->table[i] &&
	       !slice_eq(k->v[k->table[i] - 1]->value, value))
		i = (i + 1) & (k->table_n - 1);
	return i;
}

static void
grow(struct known *k)
{
	size_t i;

	if (k->n == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 64;
		k->v = mem_grow(k->v, k->cap, sizeof(struct known_value *));
	}
	if (k->n * 2 < k->table_n)
		return;
	free(k->table);
	k->table_n = k->table_n ? k->table_n * 2 : 256;
	k->table = mem_array(k->table_n, sizeof(*k->table));
	for (i = 0; i < k->n; i++)
		k->table[known_slot(k, k->v[i]->value)] = (uint32_t)(i + 1);
}

/* ---- classes --------------------------------------------------------- */

/* Classes whose expansion has a form of its own: no shape is appended. */
static bool
has_own_form(struct slice class)
{
	static const char *const own[] = { "email", "ssn", "jwt", "jwe", "basic",
		"base64", HANDLE_LITERAL };
	size_t i;

	for (i = 0; i < ARRAY_LEN(own); i++) {
		if (slice_eq(class, slice_str(own[i])))
			return true;
	}
	return vendor_named(class) != NULL || form_is_of(class);
}

/* RFC 7515 §3.1, RFC 7516 §3.1: tokens by their shape, whatever led to them
 * ("Bearer", a cookie's name); "" for other values. */
static struct slice
jose_class(struct slice token)
{
	unsigned parts = 0;

	if (!slice_starts(token, SLICE("ey")) || slice_chr(token, '.') < 0)
		return SLICE("");
	for (size_t i = 0; i < token.n; i++) {
		if (!alphabet_has(ALPHA_DOTTED, token.p[i]))
			return SLICE("");
		parts += token.p[i] == '.';
	}
	return parts == 2 ? SLICE("jwt") : parts == 4 ? SLICE("jwe") :
		SLICE("");
}

static struct slice
class_text(struct known *k, const struct span *x)
{
	const char *shape = handle_shape(x->value);
	struct slice told = shape_class(k->arena, x->class, x->value);
	char bin[7];

	if (told.n > 0)
		return told;
	if (slice_eq(x->class, SLICE("pan"))) {
		if (pan_bin(x->value, bin))
			return arena_fmt(k->arena, "pan-%s%s", bin,
					 pan_is_grouped(x->value) ? "-d" : "");
		return SLICE("card-digits");
	}
	if (slice_eq(x->class, SLICE("ssn")) && !ssn_shaped(x->value))
		return SLICE("number-digits");
	if (x->rank != RANK_USER && jose_class(x->value).n > 0)
		return jose_class(x->value);
	if (has_own_form(x->class))
		return arena_copy(k->arena, x->class);
	/* what the user named keeps its name, unless digits must stay so */
	if (x->rank == RANK_USER && strcmp(shape, "-digits") != 0)
		shape = "";
	return arena_fmt(k->arena, "%.*s%s", SLICE_ARG(slice_range(x->class,
			 0, HANDLE_CLASS_MAX - 8)), shape);
}

/* Numbers are the same with and without their separators. */
static struct slice
canonical(struct arena *a, const struct span *x)
{
	struct buf b;
	struct slice done;
	size_t i;

	if (!slice_eq(x->class, SLICE("pan")) &&
	    !slice_eq(x->class, SLICE("ssn")))
		return x->value;
	buf_init(&b, x->value.n);
	for (i = 0; i < x->value.n; i++) {
		if (x->value.p[i] >= '0' && x->value.p[i] <= '9')
			buf_addc(&b, x->value.p[i]);
	}
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* HMAC-SHA256(K, class 0 value), the first 16 digits. */
static void
name_value(struct known *k, const struct span *x, char out[17])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[SHA256_BYTES];
	struct slice value = canonical(k->arena, x);
	struct buf b;
	size_t i;

	buf_init(&b, x->class.n + value.n + 1);
	buf_add(&b, x->class);
	buf_addc(&b, '\0');
	buf_add(&b, value);
	hmac_sha256(k->key, buf_slice(&b), mac);
	explicit_bzero(b.p, b.n);
	buf_release(&b);
	for (i = 0; i < 8; i++) {
		out[i * 2] = digits[mac[i] >> 4];
		out[i * 2 + 1] = digits[mac[i] & 15];
	}
	out[16] = '\0';
}

/* What finds one value finds the next one, as a rule: its words are kept once.
 * `last` may be NULL. */
static void
name_words(struct known *k, struct known_value *v, const struct span *x,
	   const struct known_value *last)
{
	struct arena_mark mark;

	v->rule = last && slice_eq(last->rule, x->rule) ? last->rule :
		arena_copy(k->arena, x->rule);
	v->base = last && slice_eq(last->base, x->class) ? last->base :
		arena_copy(k->arena, x->class);
	mark = arena_mark(k->arena);
	v->class = class_text(k, x);
	if (last && slice_eq(last->class, v->class)) {
		arena_rewind(k->arena, &mark);
		v->class = last->class;
	}
}

const struct known_value *
known_add(struct known *k, const struct span *x)
{
	const struct known_value *last = k->n > 0 ? k->v[k->n - 1] : NULL;
	struct known_value *v;
	size_t slot;

	grow(k);
	slot = known_slot(k, x->value);
	if (k->table[slot]) {
		v = k->v[k->table[slot] - 1];
		if (x->rank <= v->rank || slice_eq(x->class, v->base))
			return v;
	} else {
		v = arena_alloc(k->arena, sizeof(*v));
		v->value = arena_copy(k->arena, x->value);
		v->strength = value_strength(x->value);
		k->bytes += x->value.n;
		k->v[k->n++] = v;
		k->table[slot] = (uint32_t)k->n;
	}
	v->rank = x->rank;
	name_words(k, v, x, v == last ? NULL : last);
	name_value(k, x, v->hex);
	return v;
}

void
known_insist(struct known *k, const struct span *x)
{
	struct known_value *v;

	known_add(k, x);
	v = k->v[k->table[known_slot(k, x->value)] - 1];
	if (v->strength != WEAK || x->value.n < KNOWN_INSIST)
		return;
	v->strength = BOUNDED;
	/* it may have been passed over as a weak one */
	needles_destroy(k->needles);
	k->needles = NULL;
	k->searched = 0;
}

const struct known_value *
known_find(const struct known *k, struct slice value)
{
	size_t slot;

	if (k->n == 0)
		return NULL;
	slot = known_slot(k, value);
	return k->table[slot] ? k->v[k->table[slot] - 1] : NULL;
}

static void
put_handle(const struct known_value *v, size_t n, struct buf *out)
{
	buf_fmt(out, HANDLE_OPEN "%.*s:%zu:%s" HANDLE_CLOSE,
		SLICE_ARG(v->class), n > HANDLE_LENGTH_MAX ?
		(size_t)HANDLE_LENGTH_MAX : n, v->hex);
}

static void
put_coded(const struct known_value *of, enum nest_coding coding,
	  struct buf *out)
{
	struct buf b;

	buf_init(&b, KiB);
	put_handle(of, of->value.n, &b);
	nest_wrap(coding, buf_slice(&b), out);
	buf_release(&b);
}

void
known_handle(struct known *k, const struct span *x, bool bare,
	     struct buf *out)
{
	const struct known_value *v = known_add(k, x);

	if (v->of && !bare)
		put_coded(v->of, v->coding, out);
	else
		put_handle(v, x->value.n, out);
}

/* Which known value is it in base64 or hex?  Tokens are taken by what is in
 * them. */
static const struct known_value *
uncoded(const struct known *k, struct arena *a, struct slice value,
	enum nest_coding *coding)
{
	const struct known_value *v;
	struct nest n;

	if (value.n < CODED_MIN || value.n > CODED_MAX ||
	    !nest_uncode(a, value, &n))
		return NULL;
	v = known_find(k, n.text);
	if (!v || v->of || n.text.n > HANDLE_LENGTH_MAX)
		return NULL;
	*coding = n.coding;
	return v;
}

void
known_link(struct known *k)
{
	struct arena *a = arena_create();

	for (; k->linked < k->n; k->linked++) {
		struct known_value *v = k->v[k->linked];

		if (!slice_eq(v->base, SLICE("basic")) &&
		    !slice_eq(v->base, SLICE("jwt")))
			v->of = uncoded(k, a, v->value, &v->coding);
	}
	arena_wipe(a);
}

void
known_recode(const struct known *k, struct arena *a, struct span *x)
{
	const struct known_value *of;
	enum nest_coding coding;
	struct buf b;

	if (x->text.p || !slice_eq(x->class, SLICE("base64")))
		return;
	of = uncoded(k, a, x->value, &coding);
	if (!of)
		return;
	buf_init(&b, KiB);
	put_coded(of, coding, &b);
	x->text = arena_copy(a, buf_slice(&b));
	x->rank = RANK_CODED;
	buf_release(&b);
}

bool
known_spell(const struct known *k, struct slice value, struct buf *out)
{
	const struct known_value *v = known_find(k, value);

	if (v)
		put_handle(v, value.n, out);
	return v != NULL;
}
