/*
 * The replay engine: sends a tape's ingress exchanges to a service with the
 * recorded order, gaps, connections and overlaps, answers its egress calls from
 * the tape, and reports what it saw.  It judges nothing.
 */
#ifndef DVR_REPLAY_REPLAY_H
#define DVR_REPLAY_REPLAY_H

#include <dvr/judge/judge.h>
#include <dvr/net/loop.h>
#include <dvr/net/sock.h>
#include <dvr/net/tls.h>
#include <dvr/scrub/values.h>
#include <dvr/service/isolation.h>
#include <dvr/tape/plan.h>

enum replay_timing { TIMING_RECORDED, TIMING_FAST, TIMING_DOUBLE,
	TIMING_PRECISE };

/* A call of the service that the tape does not hold: an error, taken to the
 * lane's real target, or answered as the most similar one. */
enum on_miss { ON_MISS_FAIL, ON_MISS_PASSTHROUGH, ON_MISS_NEAREST };

struct resigner;	/* signatures made anew */

struct replay_options {
	enum replay_timing timing;
	uint64_t timeout_ns;	/* of an exchange: max(this, 2 x recorded) */
	uint64_t margin_ns;	/* of one that timed out on the tape: recorded
				 * + max(this, recorded / 4) */
	uint64_t settle_ns;	/* alive after the last answer */
	bool holds;		/* enforce recorded order in overlaps, and
				 * the holds of the plan; else timing alone */
	enum on_miss on_miss;	/* mocks_on_miss() */
	bool strict;		/* a recorded call that is not made fails */
	const char *target;	/* "http://127.0.0.1:PORT" or https:// */
	/* Whom to believe behind https; NULL: the system's authorities, and
	 * on loopback anybody. */
	const struct tls_trust_config *trust;
	void (*idle)(void *arg);	/* the last answer is there, what is
					 * left is the settle time; or NULL */
	void *idle_arg;
	const volatile int *stop;	/* set: give up; NULL never */
	struct isolation *isolation;	/* where `target` is; NULL: here */
	const struct scrub_values *values;	/* of handles; NULL: none */
	const struct resigner *resigner;	/* NULL: none */
};

/* Listeners that stand for the egress lanes; made before the service starts,
 * because it needs their URLs. */
struct mocks;
struct lane_config;	/* <dvr/proxy/proxy.h> */
struct tls_ca;
int mocks_create(struct loop *l, const struct tape *t, const struct plan *p,
		 struct mocks **out, struct err *e);
/* The same inside an isolation, which outlives them. */
int mocks_create_in(struct isolation *in, struct loop *l,
		    const struct tape *t, const struct plan *p,
		    struct mocks **out, struct err *e);
/* From now on they answer from another tape, at the same URLs; connections that
 * are open end, as with a dependency that was restarted. */
int mocks_load(struct mocks *m, const struct tape *t, const struct plan *p,
	       struct err *e);
/* A lane that the tape does not know: every call on it is a miss. */
int mocks_add_lane(struct mocks *m, const char *lane, struct err *e);
/* From now on the lane's mock is at this "host:port", which the service knows
 * for good. */
int mocks_listen(struct mocks *m, const char *lane, const char *listen,
		 struct err *e);
/* The lane's mock speaks TLS as the lane does, or is a forward proxy as the
 * lane is, with leaves of `ca`, which outlives the mocks.  `lane` stays. */
void mocks_speak(struct mocks *m, const struct lane_config *lane,
		 struct tls_ca *ca);
/* What mocks do about a miss (o->on_miss), how long they wait for a real
 * dependency (o->timeout_ns).  Without it a miss is an error. */
void mocks_on_miss(struct mocks *m, const struct replay_options *o);
struct mint;
/* What handles stand for in this replay, and whose keys stand beside those of
 * recorded JWK sets; both must outlive the mocks. */
void mocks_values(struct mocks *m, const struct scrub_values *v,
		  const struct mint *keys);
/* Where a lane's calls go when they are passed through. */
int mocks_target(struct mocks *m, const struct lane_config *lane,
		 const char *url, struct err *e);
/* URL of the mock of the named egress lane, NULL when the tape has none. */
const char *mocks_url(const struct mocks *m, const char *lane);
void mocks_destroy(struct mocks *m);

struct replay;
int replay_create(struct loop *l, const struct tape *t, const struct plan *p,
		  struct mocks *m, const struct replay_options *o,
		  struct replay **out, struct err *e);
/* The service went away (from the service's event): what is open ends. */
void replay_service_died(struct replay *r, struct slice death);
/* Runs to the end, or until stopped. `seen` is raw; its arena is the
 * caller's. */
int replay_run(struct replay *r, struct observed *seen, struct err *e);
/* Step mode: sends the next ingress exchange now and waits for its answer. 1
 * sent, 0 at the end, -1 transport trouble (*x tells as far as it is known). */
int replay_step(struct replay *r, const struct exchange **recorded,
		const struct observed_exchange **seen, struct err *e);
/* Is `target`'s certificate taken whoever made it? */
bool replay_is_blind(const struct replay *r);
void replay_timing(const struct replay *r, struct timing *out);
void replay_destroy(struct replay *r);

#endif
