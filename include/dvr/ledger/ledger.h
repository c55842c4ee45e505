/*
 * The ledger: a byte-bounded ring in shared memory that holds the raw bytes of
 * recent exchanges by session, watches for triggers, and has a forked child
 * commit the history of a failure as a scrubbed tape.  What is not committed
 * never leaves memory.
 *
 * The proxy's taps drive it: begin, bytes, head seen, end.  Times are
 * clock_mono_ns().  Handles (struct lx) stay valid until ledger_done().
 */
#ifndef DVR_LEDGER_LEDGER_H
#define DVR_LEDGER_LEDGER_H

#include <dvr/net/loop.h>
#include <dvr/scrub/scrub.h>
#include <dvr/scrub/secrets.h>
#include <dvr/state/state.h>
#include <dvr/tape/descriptors.h>
#include <dvr/wire/grpc.h>
#include <dvr/wire/http1.h>

struct status_range { unsigned from, to; };

struct ledger_ignore {
	const char *method, *route;	/* "GET", "/flaky-dependency"; glob */
	unsigned status;		/* 0: any */
	const char *reason;
};

struct ledger_config {
	size_t max_memory_bytes;	/* ring; 256 MiB */
	size_t max_body_bytes;		/* a message's recorded body; 8 MiB */
	size_t max_tape_bytes;		/* of a tape's folder; 64 MiB; 0: any */
	uint64_t window_ns;		/* max_session_duration; 300 s */
	bool payloads;			/* false: bodies are not kept */
	const struct status_range *on_status;
	size_t non_status;
	uint32_t on_grpc;		/* gRPC statuses that fail, as bits */
	bool on_exception;		/* exit, signal, reset, log pattern */
	uint64_t on_timeout_ns;		/* 0: off */
	bool on_session_failed, on_suite_nonzero;
	bool commit_failed_only;	/* commit: failed */
	const struct ledger_ignore *ignore;
	size_t nignore;
	const char *session_header;	/* or NULL */
	const char *session_cookie;
	bool session_traceparent;
	const char *namespace;		/* metadata.namespace */
	const char *namespace_header;	/* per request, or NULL */
	const char *fixtures;		/* library folder */
	const char *vcs_commit;		/* for origin, "" unknown */
	uint64_t settle_ns;		/* at most 1 s */
	unsigned max_variants;		/* tapes per signature: 3 */
	const struct state_config *state;	/* snapshots that a tape begins
						 * with */
	size_t nstate;
	const struct secrets_config *secrets;	/* what replays can resolve;
						 * NULL: none */
	const struct descriptors *descriptors;	/* names of protobuf fields;
						 * NULL: none */
};

struct ledger_lane { const char *name; enum lane_role role; };

enum lx_side { LX_REQUEST, LX_RESPONSE };

/* Why one side of an exchange ended. */
enum lx_end { LX_COMPLETE, LX_FIN, LX_RST, LX_REFUSED,
	LX_DECLINED	/* HTTP/2: the service did not begin it and says so; a
			 * client may ask again */
};

/* As bits: what outcome_failed() takes for a failure. */
#define LEDGER_GRPC_DEFAULT \
	(1u << GRPC_UNKNOWN | 1u << GRPC_DEADLINE_EXCEEDED | \
	 1u << GRPC_INTERNAL | 1u << GRPC_UNAVAILABLE | 1u << GRPC_DATA_LOSS)

struct ledger;
struct lx;

struct ledger *ledger_create(const struct ledger_config *cfg,
			     const struct ledger_lane *lanes, size_t nlanes,
			     struct loop *loop, struct scrub *scrub,
			     struct err *e);
void ledger_destroy(struct ledger *l);

/* ---- taps --------------------------------------------------------- */

/* First byte of a request on client connection `conn` (unique per run).
 * Never NULL: when memory has run out the handle is one that records nothing. */
struct lx *ledger_begin(struct ledger *l, uint32_t lane, uint64_t conn,
			uint64_t at_ns);
/* Wire bytes of one side, exactly as read, in order. */
void ledger_bytes(struct ledger *l, struct lx *x, enum lx_side side,
		  struct slice bytes, uint64_t at_ns);
/*
 * The request's head is complete: session, namespace and cause are settled.
 * `fixed_session` (control endpoint's lane) may be NULL.  Returns the
 * correlation id "namespace/session/sequence" to inject (valid until
 * ledger_done), already safe as a header value; empty: inject nothing.
 */
struct slice ledger_request_head(struct ledger *l, struct lx *x,
				 const struct http1_head *h,
				 const char *fixed_session);
/* After ledger_request_head: the traceparent to inject (W3C, level 1; valid
 * until ledger_done); empty when the request brings one of its own. */
struct slice ledger_traceparent(struct ledger *l, struct lx *x);
/* The proxy did inject headers into the forwarded copy. */
void ledger_injected(struct ledger *l, struct lx *x);
/* A response head, interim ones too. */
void ledger_response_head(struct ledger *l, struct lx *x,
			  const struct http1_head *h, uint64_t at_ns);
/*
 * One side ended.  LX_REQUEST with FIN or RST: the client left (also after its
 * request was complete, when it did not wait for the answer; a half-close
 * behind a complete request is no end).  LX_RESPONSE with FIN or RST: the
 * service closed in the middle of its answer or before it.
 */
void ledger_end(struct ledger *l, struct lx *x, enum lx_side side,
		enum lx_end how, uint64_t at_ns);
/* What is odd about it; the first note stays. */
void ledger_note(struct ledger *l, struct lx *x, const char *why);
/* The rest of this exchange is a tunnel or opaque, with why. */
void ledger_opaque(struct ledger *l, struct lx *x, const char *why);
/* The service closed a WebSocket by itself, with that code. */
void ledger_websocket_close(struct ledger *l, struct lx *x, unsigned code,
			    uint64_t at_ns);
/* No more calls for x: both sides ended, or the connection is gone. */
void ledger_done(struct ledger *l, struct lx *x, uint64_t at_ns);

/*
 * HTTP/2: an exchange that is a stream.  Said at once after ledger_begin();
 * then these tell of its bytes, and ledger_bytes() does not.  Heads are told
 * here first and then to ledger_request_head(), ledger_response_head().
 */
void ledger_stream(struct ledger *l, struct lx *x, uint32_t stream);
void ledger_stream_head(struct ledger *l, struct lx *x, enum lx_side side,
			const struct http1_head *h, uint64_t at_ns);
void ledger_stream_trailers(struct ledger *l, struct lx *x, enum lx_side side,
			    const struct http1_head *h, uint64_t at_ns);
void ledger_stream_data(struct ledger *l, struct lx *x, enum lx_side side,
			struct slice data, uint64_t at_ns);
/* The side gave it up (RST_STREAM, GOAWAY); its end is told after it. */
struct stream_error { bool goaway; uint32_t code; };
void ledger_stream_error(struct ledger *l, struct lx *x, enum lx_side side,
			 const struct stream_error *why, uint64_t at_ns);

/* ---- service ------------------------------------------------------- */

/* Where it has its data; borrowed until told anew.  Before ledger_service_up,
 * and with a NULL folder before that goes away. */
void ledger_state_from(struct ledger *l, const struct state_where *where);
/* It is ready.  Its life began where the one before ended. */
void ledger_service_up(struct ledger *l, uint64_t at_ns);
/* A deliberate stop: open exchanges that end now are no trigger. */
void ledger_service_stopping(struct ledger *l, uint64_t at_ns);
/* It ended by itself; `tail` raw. */
void ledger_service_died(struct ledger *l, bool signalled, int code,
			 struct slice tail, uint64_t at_ns);
void ledger_log_hit(struct ledger *l, struct slice line, struct slice tail,
		    uint64_t at_ns);
/* Where to get the log tail at the time of commit. */
typedef struct slice ledger_log_fn(void *arg);
void ledger_log_source(struct ledger *l, ledger_log_fn *fn, void *arg);

/* ---- sessions (control endpoint) ----------------------------------- */

/* Starts one; -1 when the name is in use. */
int ledger_session_start(struct ledger *l, const char *name, struct err *e);
int ledger_session_end(struct ledger *l, const char *name, bool failed,
		       struct slice message, struct err *e);
/* The suite ended: decides `commit: failed` and on_suite for the run. */
void ledger_suite_end(struct ledger *l, bool failed);

/* ---- end and numbers ------------------------------------------------ */

/* A signature that fixtures/ holds already. */
void ledger_known(struct ledger *l, const char *signature, const char *tape);
/* No new triggers; runs the loop until settled, committed, or out of time. */
void ledger_drain(struct ledger *l, uint64_t timeout_ns);

struct ledger_tape {		/* one committed, known or failed commit */
	char *id;		/* tape id, also when known */
	char *dir;		/* "" when not written */
	char *trigger;		/* "500 POST /checkout/{}" clean */
	char *error;		/* why it was not written, or NULL */
	char *not_replayable;	/* reason or NULL */
	char *loss;		/* the first thing that is not on it, or NULL */
	char *mocks;		/* credentials that replays send mocks for: a
				 * sentence a line, or NULL */
	bool known;		/* already in the library */
	unsigned seen;		/* how often in this run */
};

struct ledger_stats {
	uint64_t exchanges, sessions, evicted, cut_bodies, ignored_refused,
		ignored_rules, lost_bytes, lost_triggers;
	uint64_t bytes_now, bytes_peak;
	uint64_t fork_stall_max_ns;
	const struct ledger_tape *tapes;
	size_t ntapes;
};
void ledger_stats(const struct ledger *l, struct ledger_stats *out);

#endif
