/*
 * What happened in one replay, beside what the tape tells: for reports that
 * show more than a verdict.  Clean, like all results: live bytes have gone
 * through the scrubber as a recording does.  Bounded: a window of exchanges,
 * bodies only where something differs, and of a body a part.
 */
#ifndef DVR_JUDGE_STORY_H
#define DVR_JUDGE_STORY_H

#include <dvr/tape/tape.h>

/* Exchanges of a long tape that are told; a picture of more shows nothing. */
#define STORY_EXCHANGES 300
/* Of one body, and of all bodies of a story (bytes). */
#define STORY_PART 65536u
#define STORY_ALL 524288u

enum story_kind { STORY_NONE, STORY_TEXT, STORY_BYTES };

struct story_body {
	bool known;
	enum story_kind kind;
	struct slice type;		/* Content-Type */
	struct slice part;		/* codings undone */
	uint64_t from;			/* where the part begins */
	uint64_t bytes;			/* of the whole */
	struct slice withheld;		/* why there is no part, or "" */
};

/* Since the first request of that run; known: it took place. */
struct story_times {
	bool known;
	int64_t sent_us, answer_us, end_us;
};

/* "This field takes the value which that earlier answer produced." */
struct story_link {
	struct slice from, to;		/* places */
};

/* "none", "text", "bytes". */
const char *story_kind_name(enum story_kind k);

struct story_exchange {
	uint32_t id;
	uint32_t cause;			/* egress: the exchange it was made
					 * for, 0 none */
	bool egress;
	struct slice lane;
	struct slice name;		/* "POST /session" */
	struct slice want, got;		/* outcomes */
	struct story_times recorded, replayed;
	struct story_body asked;	/* the request's, as on the tape */
	struct story_body want_body, got_body;
	struct story_link *links;	/* of its request */
	size_t nlinks;
	struct scrub_entry *scrubbed;	/* on the tape, of this exchange */
	size_t nscrubbed;
};

/* A data store: how it began, and what the replay left of it. */
struct story_store {
	struct slice name, provider;
	uint64_t bytes;			/* of the snapshot */
	bool compared;			/* it was looked at after the replay */
	struct slice *gone, *come;	/* lines of it */
	size_t ngone, ncome;
	size_t more;			/* lines beyond those kept */
};

struct story {
	bool known;
	struct story_exchange *v;	/* in the tape's order */
	size_t n;
	size_t left_out;		/* before the first and after the last */
	struct story_store *stores;
	size_t nstores;
};

#endif
