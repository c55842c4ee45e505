/*
 * Header values with a known grammar, and what is written like them: a cursor
 * over their parts.  Nothing is copied; every slice lies within the value, so
 * that what is changed there leaves all else as it stands.
 *
 *	COOKIE		Cookie, Set-Cookie (RFC 6265): a=1; b="2"; Secure
 *	VALUE		one value and its parameters, as Content-Type and
 *			Content-Disposition (RFC 9110 §5.6.6): form-data; name="x"
 *	LIST		many of them (RFC 9110 §5.6.1): Forwarded (RFC 7239),
 *			X-Forwarded-For, Link (RFC 8288), Accept, the dictionaries
 *			of Signature and Signature-Input (RFC 8941)
 *	CREDENTIALS	Authorization, WWW-Authenticate (RFC 9110 §11.4): a
 *			scheme, then a token68 or parameters; of challenges many
 *	QUERY		a=1&b=2, as it stands in a URL or a form
 *
 * Strings, targets in <> and lists in () hold separators as text, but only
 * where they may stand (at the start of a part or behind its '=') and only when
 * they end: a quote that is never closed is a character.
 */
#ifndef DVR_FIELD_HEADER_H
#define DVR_FIELD_HEADER_H

#include <dvr/base/arena.h>
#include <dvr/base/slice.h>

enum header_grammar { HEADER_COOKIE, HEADER_VALUE, HEADER_LIST,
	HEADER_CREDENTIALS, HEADER_QUERY };

struct header_part {
	size_t item;		/* of the list, from 0; empty ones do not
				 * count */
	size_t nth;		/* 0: the item itself, or the scheme; then its
				 * parameters */
	struct slice text;	/* all of it, blanks around it aside */
	struct slice name;	/* before the '='; without one all of it, but ""
				 * for strings, targets and token68 */
	struct slice value;	/* behind the '=', or what has no name; without
				 * quotes or <>, escapes kept; p NULL: no '=' */
	bool odd;		/* a string is not closed, or more stands
				 * behind it: not to be trusted to be what it
				 * says it is */
};

struct header_walk {
	enum header_grammar grammar;
	struct slice rest;	/* what was not told yet; p NULL: nothing */
	size_t item, nth;	/* of the part that comes */
	bool told;		/* a part of the item */
	bool begins;		/* a scheme may stand here */
	bool endless[3];	/* no end comes for this opener any more */
};

struct header_walk header_walk(enum header_grammar grammar,
			       struct slice value);
/* The next part that is not empty; false: there is none. */
bool header_next(struct header_walk *w, struct header_part *out);

/* The value without its parameters ("text/html" of "text/html; charset=x"). */
struct slice header_bare(struct slice value);
/* The cookie of a Set-Cookie, its attributes aside; false: there is none. */
bool header_cookie(struct slice value, struct header_part *out);
/* The parameter of that name, in any case, of an item that stands alone. */
bool header_param(struct slice value, struct slice name,
		  struct header_part *out);
/* Tells the scheme, the first word of CREDENTIALS whatever it is made of, and
 * leaves w->rest behind it; "" when nothing stands behind a first word. */
struct slice header_scheme(struct header_walk *w);
/* A part's value without its escapes (RFC 9110 §5.6.4): itself, or in `a`. */
struct slice header_text(struct arena *a, const struct header_part *p);

#endif
