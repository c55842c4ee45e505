/*
 * Field-wise comparison of a recorded answer with a live one.  What it writes
 * is clean: recorded text as it is on the tape, live text only through
 * judge_input.clean and only where the recorder would have kept it.
 */
#ifndef DVR_RUNNER_JUDGE_COMPARE_H
#define DVR_RUNNER_JUDGE_COMPARE_H

#include <dvr/field/field.h>
#include <dvr/judge/judge.h>

/* Differences kept an exchange; a list that long is read by nobody. */
#define COMPARE_KEPT 20

struct comparison {
	const struct judge_input *in;
	struct arena *a;
	uint32_t exchange;
	struct slice under;		/* "/2": bodies are that message */
	struct difference *v;		/* arena; at most COMPARE_KEPT */
	size_t n, more;
};

/* Everything but the outcome: headers, then the body. */
void compare_answer(struct comparison *c, const struct message *want,
		    const struct message *got);
/* Only the body. */
void compare_body(struct comparison *c, const struct message *want,
		  const struct message *got);
/* Highest risk first, then in order of discovery. */
void compare_sort(struct comparison *c);
/* Does this place produce a value that is bound anew in every replay? */
bool compare_produced(const struct comparison *c, const struct place *p);
/* Is this place noise: masked by the plan? */
bool compare_masked(const struct comparison *c, const struct place *p);
/* The plan's mask that covers a place, or NULL. */
const struct plan_mask *compare_mask(const struct plan *plan,
				     const struct place *p);

/* compare_messages.c: the answer, and the messages behind it. */
void compare_exchange(struct comparison *c, const struct exchange *want,
		      const struct exchange *got);
/* Of a WebSocket, what its server said, one by one. */
void compare_messages(struct comparison *c, const struct exchange *want,
		      const struct exchange *got);

/* compare_headers.c */
void compare_headers(struct comparison *c, const struct message *want,
		     const struct message *got);

/* Does a header of this name differ by its nature? */
bool compare_header_noise(struct slice name);

/* One difference; want and got are clean and live in the arena.  NULL when it
 * is only counted. */
struct difference *compare_add(struct comparison *c, enum risk risk,
			       const struct place *p, struct slice want,
			       struct slice got);

/* compare_changes.c: differences that somebody accepted (plan.changes). */
bool compare_accepted(const struct comparison *c, const struct place *p,
		      enum change what);
/* What is expected at a place: the accepted value, else the recorded one. */
struct slice compare_wanted(const struct comparison *c, const struct place *p,
			    struct slice recorded);
/* What accepting `d` would write; `live` is raw, of CHANGE_VALUE. */
void compare_takes(const struct comparison *c, struct difference *d,
		   enum change what, struct slice live);
/* Does recorded text hold a handle: is it a secret's place? */
bool compare_has_handle(struct slice s);
bool compare_equal(const struct comparison *c, struct slice recorded,
		   struct slice live);
/* echo.c: is `live` what this replay has in place of `recorded`, because an
 * answer produced it anew?  `p` may be NULL. */
bool compare_echo(const struct comparison *c, const struct place *p,
		  struct slice recorded, struct slice live);
/* Live text made showable, behind `context` ("Name: ") which helps the
 * scrubber's rules and is not shown. */
struct slice compare_show(const struct comparison *c, struct slice context,
			  struct slice recorded, struct slice live);
/* Recorded text cut to what a report shows. */
struct slice compare_cut(const struct comparison *c, struct slice text);
/* The payload without its content coding; itself when that cannot be undone. */
struct slice compare_plain(struct arena *a, const struct message *m);

#endif
