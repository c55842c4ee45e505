/*
 * Known values: every secret that was found, with the handle that stands for
 * it, so that the same secret gets the same handle wherever and in whichever
 * coding it comes again.
 */
#ifndef SCRUB_KNOWN_H
#define SCRUB_KNOWN_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>
#include <dvr/field/nest.h>

#include "span.h"

enum strength {
	WEAK,		/* too short or a plain word: not searched for */
	BOUNDED,	/* searched for where it stands alone */
	STRONG		/* searched for anywhere */
};

struct known_value {
	struct slice value;
	struct slice base;	/* class as it was found */
	struct slice class;	/* as the handle spells it, with a shape */
	struct slice rule;	/* what found it first */
	enum span_rank rank;	/* a higher one renames it */
	enum strength strength;
	char hex[17];
	/* It is another one in base64 or hex: its handle is that one's, coded
	 * so.  NULL: it is not. */
	const struct known_value *of;
	enum nest_coding coding;
};

struct known;

/* `key` of key_n bytes stays the caller's. */
struct known *known_create(const void *key, size_t key_n);
/* Wipes the values. */
void known_destroy(struct known *k);
/* Forgets everything when it has grown large: between recordings. */
void known_trim(struct known *k);

/* Enters a span's secret (span.value); returns its entry. */
const struct known_value *known_add(struct known *k, const struct span *x);
/* The same, and a plain word of KNOWN_INSIST bytes and more is searched for,
 * too, where it stands alone. */
#define KNOWN_INSIST 4
void known_insist(struct known *k, const struct span *x);
/* The entry of exactly that value, or NULL. */
const struct known_value *known_find(const struct known *k,
				     struct slice value);
/* Finds the values that are others coded: when all of a text were entered. */
void known_link(struct known *k);
/* Appends the handle for a span's secret, entering it when it is new; `bare`:
 * a handle as it is, where a coded one would not be found. */
void known_handle(struct known *k, const struct span *x, bool bare,
		  struct buf *out);
/* A span that known_search() told is a known value's coded form and nothing
 * else: sets x->text, in `a`, to that value's handle so coded. */
void known_recode(const struct known *k, struct arena *a, struct span *x);

/* The handle of exactly that value; false: it is not known. */
bool known_spell(const struct known *k, struct slice value, struct buf *out);

/* Tells each known value that stands in `text`, in any of its forms (raw,
 * percent, JSON, base64, hex): disjoint, in ascending order. */
typedef void known_fn(void *arg, const struct span *x);
void known_search(struct known *k, struct slice text, known_fn *fn, void *arg);
/*
 * Adds a span for each value of KNOWN_TOKEN bytes and more that fills a cell
 * of `text` (between quotes, commas, tabs, ends of lines), plain words too: in
 * a table of users the password is a password, whatever it looks like.
 */
#define KNOWN_TOKEN 6
void known_search_cells(struct known *k, struct slice text,
			struct spans *out);
/* Is there one outside of handles? */
bool known_leaks(struct known *k, struct slice text);

#endif
