/*
 * Every value of a message with its place: path segments, query, headers,
 * cookies, leaves of the body.  Bindings are found over these and resolved
 * over these, so that both mean the same by a place.
 */
#ifndef DVR_RELATE_VALUES_H
#define DVR_RELATE_VALUES_H

#include <dvr/field/nest.h>
#include <dvr/tape/tape.h>

struct value {
	/* exchange is 0; header names in lower case; "q" and "q/1" for the
	 * second field of a name */
	struct place place;
	struct slice key;	/* what names it; before a path segment: the
				 * segment in front of it */
	enum field_kind kind;
	struct slice whole;	/* the start line, a header's line, the body
				 * without its codings, or the document that
				 * it is in */
	struct slice span;	/* in `whole` */
	struct slice value;	/* decoded */
	const struct field_format *format;	/* NULL: as it stands */
	const struct nested *within;	/* that document; NULL: the body */
	bool holds;		/* a document, whose values come behind it */
};

/* Non-zero ends the walk. */
typedef int value_fn(void *arg, const struct value *v);

/*
 * Scalars only, those of one `whole` in ascending order and not overlapping.
 * A Set-Cookie field is a cookie with its value alone.  Of HTML the hidden
 * inputs and the metas are seen.  What a token in a body claims is not told
 * (see parts_walk()).  A body of no known format is one value; one whose
 * coding cannot be undone is none.  What is decoded lives in `a`.
 */
void values_walk(struct arena *a, const struct message *m,
		 enum place_side side, value_fn *fn, void *arg);

/* Those of the `nth` message (from 0) of a WebSocket's side, in its body under
 * that number: "/3/token" where it is JSON, "/3" else.  None of control frames
 * and of what is withheld. */
void values_walk_spoken(struct arena *a, const struct stream_message *m,
			size_t nth, value_fn *fn, void *arg);

/*
 * A part of a value, by what replay.yaml calls `take`:
 *
 *	path/N		segment N of a URL or path, from 0, decoded
 *	query/NAME	a parameter of a URL, decoded
 *	claim/NAME	a claim of a JWT
 *	decoded		the whole, percent-decoded
 */
struct part {
	struct slice take;
	struct slice key;
	struct slice value;
};
typedef int part_fn(void *arg, const struct part *p);
/* All parts; `relative`: a value that does not begin as a URL is a path. */
void parts_walk(struct arena *a, struct slice value, bool relative,
		part_fn *fn, void *arg);
/* The part that `take` names ("": the whole); false: there is none. */
bool parts_take(struct arena *a, struct slice value, struct slice take,
		struct slice *out);

#endif
