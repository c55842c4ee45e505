/*
 * replay.yaml: what we make of a tape.  Reviewed and edited by people and by
 * tools (accept, update, shrink, explore); the tape itself stays as it was.
 */
#ifndef DVR_TAPE_PLAN_H
#define DVR_TAPE_PLAN_H

#include <dvr/tape/tape.h>

enum expect { EXPECT_FIXED, EXPECT_SAME, EXPECT_BROKEN, EXPECT_QUARANTINED };

enum plan_as { AS_IS, AS_BASE64, AS_BASE64URL, AS_PERCENT };
struct plan_binding {			/* a live value's way */
	struct slice from, to;		/* places */
	struct slice take;		/* part of `from`; "" all of it */
	enum plan_as as;		/* its coding in the request */
	uint32_t before, after;		/* bytes of the request's value that
					 * stay around it, codings undone */
	unsigned line;			/* in replay.yaml; 0: from elsewhere */
};
struct plan_mask { struct slice field, reason; };	/* place pattern */
struct plan_pin {
	uint32_t exchange;
	unsigned status;
	bool has_grpc, has_close;
	unsigned grpc;			/* status of a gRPC call */
	unsigned close;			/* code by which the server closed a
					 * WebSocket; 0: it did not */
	bool has_body;
	struct slice body;
	struct slice accepted;		/* date, YYYY-MM-DD */
};
struct plan_hold { struct slice event, until; };	/* "2.resp", "3.req" */
struct plan_stub {			/* an answer for a new egress call */
	struct slice lane, method, path;
	unsigned status;
	struct slice *headers;		/* "Name: value" */
	size_t nheaders;
	struct slice body;
	unsigned line;			/* in replay.yaml; 0: from elsewhere */
};
struct plan_edit {			/* a request's field, sent otherwise */
	struct slice field;		/* "1.req.body#/currency" */
	struct slice value;
	struct slice since;		/* date; "" not told */
	unsigned line;			/* in replay.yaml; 0: from elsewhere */
};
/* How a field of an answer differs from the tape. */
enum change { CHANGE_VALUE, CHANGE_GONE, CHANGE_ADDED };
struct plan_change {			/* a difference that was accepted */
	struct slice field;		/* place pattern */
	enum change what;
	struct slice value;		/* CHANGE_VALUE: what it is now; may
					 * hold handles */
	struct slice accepted;		/* date; "" not told */
};
struct plan_quarantine { struct slice until, owner, reason, link; };

struct plan {
	enum expect expect;
	unsigned hits, of;		/* reproduces; of == 0: not verified */
	bool alone_told;		/* `alone` was found out, too */
	unsigned alone;			/* hits of as many replays in which nothing
					 * was held: timing alone */
	struct slice timing;		/* of those replays: "fast", "2x"; "" as
					 * recorded */
	struct slice interval;		/* Wilson's 95 % of hits/of for people,
					 * "0.44..1.00"; "" not told */
	struct slice proof;		/* tape_hash() of the tape that this was
					 * found for; "" not told */
	struct plan_binding *bindings;	size_t nbindings;
	struct plan_mask *masks;	size_t nmasks;
	struct plan_pin *pins;		size_t npins;
	struct plan_hold *holds;	size_t nholds;
	struct plan_stub *stubs;	size_t nstubs;
	struct plan_edit *edits;	size_t nedits;
	struct plan_change *changes;	size_t nchanges;
	struct plan_quarantine quarantine;
	struct slice hash;		/* tape_hash() of replay.yaml as it was
					 * loaded; "" elsewhere */
};

const char *expect_name(enum expect x);

/*
 * Canonical text; plan_read(plan_print(p)) == p.  Keys, all optional to the
 * reader, and only what there is something to say about is printed:
 *
 *   expect       fixed (without it) | same | broken | quarantined
 *   reproduces   {hits, of, timing_alone, timing, interval, tape}: replays on
 *                the recorded build, hits of as many without holds, how they
 *                were timed where not as recorded, the 95 % interval of what
 *                that says ("0.44..1.00"; hits and of count), and the hash of
 *                the tape.yaml that was replayed: evidence is not edited
 *   quarantine   {until: YYYY-MM-DD, owner, reason, link}; `until` is needed,
 *                and all of it for expect: quarantined
 *   bindings     list of {from: place, to: place, take, as, before, after}:
 *                the request's value at `to` is what the answer held at `from`
 *     take ?     only this part: path/N, query/NAME (of a URL), claim/NAME (of
 *                a JWT), decoded (percent-decoded)
 *     as ?       base64 | base64url | percent: how the request spells it
 *     before ? after ?   bytes of the request's value that stay in front of
 *                it and behind it ("Bearer ": before: 7)
 *   masks        list of {field: place pattern, reason}
 *   pins         list of {exchange, status: 100..599, grpc, close, body,
 *                accepted: date}
 *     grpc ?     the call's status by name or number; any without it
 *     close ?    the WebSocket's close code, 0: the server does not close it
 *   holds        list of {event: N.req | N.resp, until: N.req | N.resp}
 *   stubs        list of {lane, method, path, status, headers: ['Name: value'],
 *                body}
 *   edits        list of {field: place in a request, value, since: date}: sent
 *                instead of what was recorded; a member, header or parameter
 *                that is not there is added
 *   changes      list of {field: place pattern, accepted: date} and one of
 *                value: what the answer holds now, gone: true, added: true:
 *                differences from the tape that are none any more
 */
void plan_print(const struct plan *p, struct buf *out);
/* `name` is the path for messages. Slices live in `a`. */
int plan_read(struct arena *a, const char *name, struct slice text,
	      struct plan *out, struct err *e);
/* fixtures/<id>/replay.yaml: a missing file is the default plan. */
int plan_load(struct arena *a, const char *tape_dir, struct plan *out,
	      struct err *e);
/* Do the bindings name exchanges that are on the tape, an answer first and a
 * request that began after it, and the edits requests of clients?  Else
 * ERR_TAPE with DIR/replay.yaml:line. */
int plan_check(const struct plan *p, const struct tape *t, const char *dir,
	       struct err *e);
/* Is there a lane for every stub, on the tape or among the `n` names that are
 * configured?  Else ERR_TAPE with DIR/replay.yaml:line. */
int plan_check_stubs(const struct plan *p, const struct tape *t,
		     const char *const *lanes, size_t n, const char *dir,
		     struct err *e);
/* Written atomically; a plan that could not be read back is an error. */
int plan_save(const struct plan *p, const char *tape_dir, struct err *e);

#endif
