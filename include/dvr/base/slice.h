/*
 * A slice is a borrowed run of bytes: a pointer and a length, no terminator,
 * no owner.  It may hold NUL and bytes that are not UTF-8.  `p` may be NULL
 * only when `n` is 0.  Everything between two rooms travels as a slice;
 * `char *` strings exist only at the edge to the system.
 */
#ifndef DVR_BASE_SLICE_H
#define DVR_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct slice {
	const char *p;
	size_t n;
};

/* A slice over a string literal. */
#define SLICE(lit) ((struct slice){ .p = (lit), .n = sizeof(lit) - 1 })
/* For printf("%.*s"). */
#define SLICE_ARG(s) (int)(s).n, (s).p

static inline struct slice
slice_of(const void *p, size_t n)
{
	return (struct slice){ .p = (const char *)p, .n = n };
}

/* Over a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ .p = s, .n = s ? strlen(s) : 0 };
}

bool slice_eq(struct slice a, struct slice b);
/* n bytes that differ in nothing but the case of ASCII letters? */
bool slice_same_letters(const char *a, const char *b, size_t n);
/* ASCII case ignored, as header names want (RFC 9110 §5.1). */
static inline bool
slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && slice_same_letters(a.p, b.p, a.n);
}
bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Bytewise order, shorter first when one is the other's prefix; -1, 0, 1. */
int slice_cmp(struct slice a, struct slice b);

/* Offset of the first occurrence, or -1. */
ssize_t slice_chr(struct slice s, char c);
ssize_t slice_find(struct slice s, struct slice needle);
ssize_t slice_ifind(struct slice s, struct slice needle);

/* The part from `from` on / [from, to); both are clamped to the slice. */
static inline struct slice
slice_range(struct slice s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	/* NULL stays NULL: nothing is added to it. */
	return (struct slice){
		.p = from > 0 ? s.p + from : s.p,
		.n = to - from,
	};
}

static inline struct slice
slice_from(struct slice s, size_t from)
{
	return slice_range(s, from, s.n);
}

/* Without SP and HTAB at both ends (OWS of RFC 9110 §5.6.3). */
struct slice slice_trim(struct slice s);
/*
 * Splits at the first `sep`: returns what stands before it and leaves the
 * rest in *rest.  Without `sep` all is returned and *rest is empty with
 * p == NULL, so `while (rest.p)` walks a list, empty items included.
 */
struct slice slice_cut(struct slice *rest, char sep);
/*
 * The beginning, at most `max` bytes, without a word that would be cut in two:
 * half a token is not known for a secret any more.  Words end at blanks and
 * controls, quotes, brackets and , ; & ? |.
 */
struct slice slice_words(struct slice s, size_t max);

/*
 * The project's only number readers.  The whole slice must be digits (no
 * sign, no space, no prefix) and the value at most `max`; 0 or -1.
 */
int slice_uint(struct slice s, uint64_t max, uint64_t *out);
int slice_hex(struct slice s, uint64_t max, uint64_t *out);
/* v in decimal digits, in `room`. */
#define UINT_DIGITS 20
struct slice slice_digits(uint64_t v, char room[UINT_DIGITS]);
/* A decimal number with sign, fraction and exponent as they come, at most 63
 * bytes; beyond a double's range it is infinite.  0 or -1. */
int slice_real(struct slice s, double *out);

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlongs). */
bool slice_is_utf8(struct slice s);

#endif
