/*
 * The scrubber: the only place that turns raw traffic into something that may
 * be written, printed or logged.  Every value it takes away is replaced by an
 * inert handle `⟦dvr:CLASS:LENGTH:HEX⟧` derived with HMAC-SHA256 from a key
 * that lives as long as the scrubber: the same secret gets the same handle
 * everywhere on the tape.  A replay expands a handle with scrub_expand(), a
 * pure function of its text, into a value of the same length and alphabet.
 */
#ifndef DVR_SCRUB_SCRUB_H
#define DVR_SCRUB_SCRUB_H

#include <dvr/base/clock.h>
#include <dvr/tape/tape.h>

/* One `sanitization:` entry: exactly one of regex, field, keep, withhold and
 * detector. */
struct scrub_rule {
	const char *regex;	/* PCRE2 over "Name: value" header lines, the
				 * request line's target, bodies and logs; header names match
				 * in any case.  NULL for a field rule */
	const char *field;	/* place pattern, or NULL */
	const char *replace;	/* `[CLASS]` becomes a handle of that class;
				 * NULL: handle of class "value" */
	/*
	 * Place pattern of a header, query parameter, cookie, path segment or
	 * body field that stays as it stands: no detector and no policy takes
	 * it.  Listed on the tape as "keep: REASON".  Secrets win all the same:
	 * where a regex or field rule covers the place, or where the kept value
	 * is scrubbed somewhere else, it is scrubbed here too.
	 */
	const char *keep;
	/*
	 * Place pattern of what is never stored: a whole body ("*.resp.body"),
	 * or a part, which becomes a handle of class "withheld".
	 */
	const char *withhold;
	const char *detector;	/* of detector.h, to be switched */
	bool enable;		/* on or off */
	const char *reason;	/* of a keep, a withhold, a detector that goes
				 * off: mandatory */
	const char *file;	/* for messages */
	unsigned line, column;
};

struct scrub;		/* compiled rules and the key */
struct scrub_values;	/* handles' values in a replay */

/* A rule that does not compile: ERR_USAGE, file:line:column, PCRE2's words, a
 * second line with the pattern and a third with a caret under the place. */
struct scrub *scrub_create(const struct scrub_rule *rules, size_t count,
			   const struct clock *clock, struct err *e);
/* What the system did not grant for the key's memory, in words; NULL: it is
 * neither swapped nor dumped.  Everything works all the same. */
const char *scrub_exposed(const struct scrub *s);
/* Wipes the key. */
void scrub_destroy(struct scrub *s);

/*
 * Makes the clean tape: `out` gets an arena of its own, header data and the
 * `scrubbed` and `losses` lists; `in` is not changed.  A body that cannot be
 * decoded at all is withheld and the tape says not_replayable.  Never fails
 * for what is in the traffic; -1 only for resource trouble.
 */
int scrub_recording(struct scrub *s, const struct recording *in,
		    struct tape *out, struct err *e);

/*
 * The last look, right before the tape is written: all detectors and rules
 * once more over what is on it, then every known value in every form over its
 * bytes as they will be on the disk.  What is found is withheld, and the tape
 * says so; -1 when it cannot be taken out: the tape is not to be written.
 */
int scrub_check(struct scrub *s, struct tape *t, struct err *e);

/* Free text (log tails, exception lines, differing values in a report) made
 * clean and appended to `out`. */
void scrub_text(struct scrub *s, struct slice text, struct buf *out);

/* From now on the value is a secret of that class: scrub_text() finds it
 * wherever it stands alone, plain words too. */
void scrub_learn(struct scrub *s, struct slice value, struct slice class);

/* Replaces every handle in `s` by its expansion; bytes without handles pass
 * unchanged.  Pure: needs no key.  `any` (may be NULL) tells whether there was one. */
void scrub_expand(struct slice s, struct buf *out, bool *any);
/* The same, but a handle that `v` has (dvr/scrub/values.h; NULL: none) is its
 * value there. */
void scrub_expand_as(const struct scrub_values *v, struct slice s,
		     struct buf *out, bool *any);
/* Does `recorded` (may hold handles) equal `live`?  A handle equals its
 * expansion or any value of its class and length; a token's, any token. */
bool scrub_matches(struct slice recorded, struct slice live);
/* The same where somebody's own credentials may be longer or shorter than the
 * recorded ones: a handle of such a class equals any text of its alphabet. */
bool scrub_resembles(struct slice recorded, struct slice live);
/* True when `s` holds at least one handle. */
bool scrub_has_handle(struct slice s);
/*
 * What a replay sends: wire bytes of a request with every handle expanded,
 * Content-Length and chunk sizes made right again, under the coding that was
 * undone for the tape (`decoded`).
 */
void scrub_print_live(const struct scrub_values *v, const struct message *m,
		      struct buf *out);
/* The same as a message, in `a`. */
void scrub_live(struct arena *a, const struct scrub_values *v,
		const struct message *m, struct message *out);
/* A whole exchange: both sides, and its messages with the bodies that they
 * make.  A body with messages in it is only alive together with them. */
void scrub_live_exchange(struct arena *a, const struct scrub_values *v,
			 const struct exchange *x, struct exchange *out);
/* One side of it. */
void scrub_live_side(struct arena *a, const struct scrub_values *v,
		     const struct exchange *x, enum sender from,
		     struct message *out);
/* `now` is such a message `was` with another line, other header lines (as many)
 * or another body: makes its framing fields and its exact head right. */
void scrub_live_mend(struct arena *a, const struct message *was,
		     struct message *now);

#endif
