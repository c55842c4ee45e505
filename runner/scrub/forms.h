/*
 * The forms in which a known value may come again.  None of them is kept: each
 * is made anew where something is compared with it.
 */
#ifndef SCRUB_FORMS_H
#define SCRUB_FORMS_H

#include <dvr/base/buf.h>

#include "known.h"

enum form {
	FORM_RAW,
	FORM_PERCENT, FORM_PERCENT_LOWER,	/* %2F, %2f */
	FORM_QUERY, FORM_QUERY_LOWER,		/* a blank is a '+' */
	FORM_JSON, FORM_JSON_SLASHES,		/* the second PHP's way: \/ */
	/* of text that holds the value at any of three alignments: the groups
	 * of four that come from the value alone */
	FORM_BASE64, FORM_BASE64_1, FORM_BASE64_2,
	FORM_BASE64URL, FORM_BASE64URL_1, FORM_BASE64URL_2,
	FORM_HEX, FORM_HEX_UPPER,
	FORMS
};

/* How far may a value be searched for, by its length and its letters? */
enum strength value_strength(struct slice value);

/* Appends the value in that form; false: there is none, or it is one of the
 * forms before it. */
bool form_put(enum form f, struct slice value, struct buf *out);

/* Is it the inner part of a longer coded run (base64, hex)? */
bool form_is_wrapped(enum form f);
/* Widens a wrapped hit to the whole coded run around it. */
void form_extend(struct slice text, size_t *from, size_t *to);
/* No letter or digit on either side (an escape's last letter is none). */
bool form_stands_alone(struct slice text, size_t from, size_t to);

/* What is around a value's middle part, where its form f stands in text from
 * `from` on: all that is known of a wrapped hit. */
enum form_around {
	AROUND_CUT,		/* ends before the value does */
	AROUND_OTHER,		/* of another value */
	AROUND_JOINED,		/* with a letter or digit on a side */
	AROUND_ALONE
};
enum form_around form_around(enum form f, struct slice value,
			     struct slice text, size_t from);

#endif
