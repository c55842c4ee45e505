/*
 * The ledger's book: what is known about exchanges, sessions and failures.
 *
 * Memory.  `max_memory_bytes` pays for the ring's chunks and for one exchange
 * record (struct lx) a chunk; both lie in the same shared mapping (see ring.h).
 * Every exchange with a byte stored owns a chunk, so the records cannot run out
 * before the chunks do.  What only an open exchange needs (ids, deadlines)
 * stands in struct live, heap memory in proportion to the open exchanges.
 *
 * Lists.  Each exchange is on one of three lists: `open`, `done` (ended, its
 * session lives), `old` (ended, its session has ended too).  Eviction takes the
 * head of `old`, then of `done`; open ones are never evicted, so a long stream
 * blocks nobody.  When only open ones are left, the biggest is cut in half and
 * no longer stored.  An exchange with pins is skipped.  A second chain links
 * the exchanges of a session, in the order of their begin.
 *
 * Order.  `seq` counts exchanges from 1 and names them for good: it is the end
 * of the correlation id, and slot and seq are the injected trace id.
 */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include "ring.h"

#include <dvr/ledger/ledger.h>

#define LX_NONE UINT32_MAX
/* The open exchanges' records beside one a chunk. */
#define LX_SPARE 4096u
/* Session records kept; the least recently used one makes room. */
#define SESSIONS_MAX 8192u
/* A session's name as it is kept; longer ones are hashed. */
#define SESSION_NAME_MAX 128u
#define CORRELATION_MAX 288u
/* Failures between trigger and commit.  More at a time are only counted. */
#define PENDING_MAX 256u
/* Different signatures in one run. */
#define ENTRIES_MAX 1024u
/* How long after its last answer a death still belongs to an exchange. */
#define LAST_ANSWER_NS NS_PER_S

enum lx_where { LX_FREE, LX_OPEN, LX_DONE, LX_OLD, LX_WHERE_COUNT };

enum lx_flag {
	LXF_VOID = 1 << 0,		/* not recorded at all */
	LXF_HEAD = 1 << 1,		/* the request's head was seen */
	LXF_ANSWER = 1 << 2,		/* a final response head was seen */
	LXF_REQ_ENDED = 1 << 3,
	LXF_RESP_ENDED = 1 << 4,
	LXF_RESP_BYTES = 1 << 5,
	LXF_INJECTED = 1 << 6,
	LXF_TRIGGERED = 1 << 7,		/* a failure was seen on it */
	LXF_STOP_REQ = 1 << 8,		/* no more bytes of it are stored */
	LXF_STOP_RESP = 1 << 9,
	LXF_CLIENT_GONE = 1 << 10,
	LXF_TIMED_OUT = 1 << 11,
	LXF_ENDLESS = 1 << 12,		/* event stream or tunnel */
	LXF_LOST = 1 << 13,		/* cut because memory ran out */
	LXF_WEBSOCKET = 1 << 14,	/* frames behind both heads */
};

struct session;
struct snapshot;

struct live {
	struct lx *x;			/* NULL: on the free list */
	struct live *next, *prev;	/* deadlines, or the free list */
	uint64_t last_ns;		/* last byte of either side */
	uint64_t check_ns;		/* look again then */
	bool timed;			/* on the deadline list */
	bool has_trace;
	unsigned char trace[16];	/* of the request's own traceparent */
	char traceparent[56];		/* made for injection, or "" */
	size_t correlation_n;
	char correlation[CORRELATION_MAX];
};

struct lx {
	uint64_t seq;
	uint64_t conn;
	uint64_t cause;			/* seq of the ingress exchange, or 0 */
	uint64_t at_ns[RING_SIDES], end_ns[RING_SIDES];
	uint64_t wire[RING_SIDES];	/* bytes seen */
	uint64_t stored[RING_SIDES];	/* bytes in the chain */
	uint32_t heads[RING_SIDES];	/* bytes of heads among them */
	struct chain chain;
	struct session *session;
	struct live *live;		/* NULL once done */
	uint32_t prev, next;		/* list `where` */
	uint32_t sprev, snext;		/* session */
	uint32_t incarnation;
	uint16_t flags, status, lane, pins;
	uint8_t end[RING_SIDES];	/* enum lx_end */
	uint8_t where;			/* enum lx_where */
	uint8_t note;			/* 1 + index into ledger.notes; 0 none */
	uint8_t grpc;			/* 1 + gRPC status; 0 none */
	uint32_t stream;		/* HTTP/2; 0: HTTP/1.1 */
};

struct lx_list { uint32_t head, tail, count; };

enum session_kind { SESSION_RUN, SESSION_NAMED, SESSION_CONTROL };

struct session {
	struct session *hash_next;
	struct session *newer, *older;	/* by last use */
	enum session_kind kind;
	bool hashed, ended, failed;
	uint64_t hash;
	struct slice namespace, name;	/* the key */
	char *label;			/* its name on tapes and in ids */
	char *prefix;			/* "namespace/label/", header-safe */
	size_t prefix_n;
	struct lx_list list;		/* sprev, snext */
	uint32_t holds;			/* open exchanges, pending failures */
	uint32_t triggers;		/* failures that were not ignored */
	/* How many exchanges began in it while the service lived for the
	 * nth time, and the time before. */
	uint32_t incarnation, was_incarnation;
	uint64_t begun, was_begun;
	struct snapshot *snapshot;	/* newest first; of its own data */
};

enum pending_state { PENDING_SETTLING, PENDING_WAITING };

/* A failure, from its trigger to the decision. */
struct pending {
	struct pending *next;
	enum pending_state state;
	enum trigger_kind kind;
	int value;
	struct lx *x;			/* pinned; NULL: none */
	struct session *session;	/* held; whose history is told */
	uint64_t at_ns, deadline_ns;
	uint64_t last_seq;		/* exchanges begun when it happened */
	uint32_t incarnation;
	struct slice line, tail;	/* raw, owned */
	struct lx **suspects;		/* a crash: open when it happened; pinned */
	size_t nsuspects;
	bool signed_off;		/* `signature` is there */
	char signature[65];
	unsigned seen;
	struct job *job;		/* waiting: its history, pinned */
};

/* Beside ledger_tape, by the same index. */
struct entry {
	char signature[65];
	bool decided;			/* written, known or failed */
};

struct known { char signature[65]; char *tape; };

enum service_state { SERVICE_UNKNOWN, SERVICE_UP, SERVICE_STOPPING,
	SERVICE_DOWN };

struct commit;

struct ledger {
	struct ledger_config config;
	const struct ledger_lane *lanes;
	size_t nlanes;
	struct loop *loop;
	const struct clock *clock;
	struct scrub *scrub;

	struct ring ring;
	struct lx *pool;		/* behind the ring's chunks */
	uint32_t npool, pool_fresh, pool_free;
	struct lx_list lists[LX_WHERE_COUNT];
	struct lx nowhere;		/* the handle that records nothing */
	uint32_t open_ingress;
	uint64_t seq;
	uint64_t pinned_chunks;

	struct live *live_free;
	struct live **slabs;
	size_t nslabs;
	struct live deadlines;		/* circular, by check_ns */
	struct loop_timer timer;

	struct session **table;		/* by hash */
	struct session used;		/* circular, most recent first */
	uint32_t nsessions;
	uint64_t nlabels;		/* ordinals of unnamed sessions */
	struct session *run;		/* of the configured namespace */

	uint32_t incarnation;
	enum service_state service;
	ledger_log_fn *log_fn;
	void *log_arg;

	struct pending *pending;
	size_t npending;
	uint64_t next_look_ns;		/* settling is not looked at before */
	bool draining, suite_ended, suite_failed;
	uint32_t triggers;		/* failures that were not ignored */
	uint32_t last_ingress;		/* slot of the one ended last */
	uint64_t last_ingress_seq;

	char *notes[64];
	size_t nnotes;
	uint32_t trace_key;

	struct state_where state_where;
	struct snapshot *snapshot;	/* newest first; of the whole run */
	struct state_image **last_images;	/* taken last, by provider */
	size_t state_bytes;		/* of all images that are kept */

	struct known *known;
	size_t nknown;
	struct ledger_tape *tapes;
	struct entry *entries;
	size_t nentries;
	struct commit *commit;
	struct ledger_stats stats;
};

/* ---- lx.c: records, lists, eviction ---------------------------------- */

int lx_init(struct ledger *l, struct err *e);
void lx_finish(struct ledger *l);
struct lx *lx_new(struct ledger *l, uint64_t now_ns);
uint32_t lx_slot(const struct ledger *l, const struct lx *x);
struct lx *lx_at(const struct ledger *l, uint32_t slot);
/* The exchange with that number while it is kept, or NULL. */
struct lx *lx_find(const struct ledger *l, uint32_t slot, uint64_t seq);
/* Moves an open one to where ended ones belong. */
void lx_close(struct ledger *l, struct lx *x);
void lx_retire(struct ledger *l, struct lx *x);	/* done → old */
void lx_drop(struct ledger *l, struct lx *x);
void lx_pin(struct ledger *l, struct lx *x);
void lx_unpin(struct ledger *l, struct lx *x);
/* Drops what ended before the window. */
void lx_expire(struct ledger *l, uint64_t now_ns);
/* Stores bytes; makes room first; counts what is cut or lost. */
void lx_store(struct ledger *l, struct lx *x, unsigned side,
	      struct slice bytes, uint64_t at_ns);
/* The same in parts: how many more bytes the caps let in; bytes kept whatever
 * they say; n bytes that did not get in. */
uint64_t lx_room(const struct ledger *l, const struct lx *x, unsigned side);
void lx_keep(struct ledger *l, struct lx *x, unsigned side,
	     struct slice bytes, uint64_t at_ns);
void lx_cut(struct ledger *l, struct lx *x, unsigned side, size_t n);
/* Bytes of that side went by. */
void lx_seen(struct lx *x, unsigned side, size_t n, uint64_t at_ns);
/* A final head or trailers of the service: is there a gRPC status in it? */
void lx_grpc_status(struct lx *x, const struct http1_head *h);
/* Which list comes next when walking by index. */
void list_push(struct lx *pool, struct lx_list *q, uint32_t slot);
void list_remove(struct lx *pool, struct lx_list *q, uint32_t slot);

static inline bool
lx_ingress(const struct ledger *l, const struct lx *x)
{
	return l->lanes[x->lane].role == LANE_INGRESS;
}

static inline bool
lx_refused(const struct lx *x)
{
	return (x->flags & LXF_RESP_ENDED) &&
		x->end[LX_RESPONSE] == LX_REFUSED;
}

/* ---- sessions.c -------------------------------------------------------- */

int sessions_init(struct ledger *l, struct err *e);
void sessions_finish(struct ledger *l);
/* Finds or makes one; NULL when there are too many that are in use. */
struct session *session_get(struct ledger *l, enum session_kind kind,
			    struct slice namespace, struct slice name);
struct session *session_run(struct ledger *l, struct slice namespace);
/* By headers, cookie, traceparent or the lane's own session. */
struct session *session_of(struct ledger *l, const struct http1_head *h,
			   const char *fixed);
void session_join(struct ledger *l, struct session *s, struct lx *x);
void session_leave(struct ledger *l, struct lx *x);
/* Frees it when nothing needs it any more. */
void session_release(struct ledger *l, struct session *s);
/* Exchanges begun in it while the service lived for that time. */
uint64_t session_begun(const struct session *s, uint32_t incarnation);
void session_uncount(struct session *s, const struct lx *x);

/* ---- cause.c: ids that go over the wire, and come back ------------------- */

void cause_name(struct ledger *l, struct lx *x, const struct http1_head *h);
/* The ingress exchange that an egress request belongs to, or NULL. */
struct lx *cause_find(struct ledger *l, const struct http1_head *h);

/* ---- triggers.c: which exchange failed, and how ------------------------- */

void trigger_answered(struct ledger *l, struct lx *x, enum lx_end how,
		      uint64_t at_ns);
void trigger_left(struct ledger *l, struct lx *x, uint64_t at_ns);
void trigger_session(struct ledger *l, struct session *s,
		     struct slice message, uint64_t at_ns);
void trigger_suite(struct ledger *l, uint64_t at_ns);

/* ---- deadline.c: on_timeout ------------------------------------------------ */

void deadline_begin(struct ledger *l, struct lx *x);
void deadline_end(struct ledger *l, struct lx *x);
/* Fires what is overdue; returns when to look again (UINT64_MAX: never). */
uint64_t deadline_check(struct ledger *l, uint64_t now_ns);
void trigger_timeout(struct ledger *l, struct lx *x, uint64_t at_ns);

/* ---- settle.c: from trigger to decision --------------------------------- */

struct failure {
	enum trigger_kind kind;
	int value;
	struct lx *x;			/* or NULL */
	struct session *session;	/* when x is NULL */
	uint64_t at_ns;
	struct slice line, tail;	/* raw, copied */
};

void settle_add(struct ledger *l, const struct failure *f);
/* The pending failure of x, or NULL. */
struct pending *settle_find(struct ledger *l, const struct lx *x);
/* A crash: takes over pending resets and open exchanges. */
void settle_crash(struct ledger *l, const struct failure *f);
/* An exchange ended: perhaps something has settled. */
void settle_look(struct ledger *l, uint64_t now_ns);
/* `commit: failed`: the session's or the suite's end decides. NULL: all. */
void settle_verdict(struct ledger *l, const struct session *s, bool failed);
void settle_finish(struct ledger *l);
/* Timers of all kinds: what the loop's timer calls, and tests directly. */
void ledger_tick(struct ledger *l, uint64_t now_ns);
void ledger_arm(struct ledger *l, uint64_t at_ns);

#endif
