/*
 * A trial: everything one tape needs to be tried on a build: mocks up, service
 * started fresh, replay, judge, stop; as often as the verdict needs.  Used by
 * regress, verify and accept.
 */
#ifndef DVR_REPLAY_TRIAL_H
#define DVR_REPLAY_TRIAL_H

#include <dvr/proxy/proxy.h>
#include <dvr/replay/replay.h>
#include <dvr/scrub/scrub.h>
#include <dvr/scrub/secrets.h>
#include <dvr/service/service.h>
#include <dvr/state/state.h>

/* What differed between the replays of one build: masks to come.  Clean. */
struct trial_learned {
	struct plan_mask *masks;	/* in the results' arena */
	size_t nmasks;
};

/* A host that the service may want in vain: its name, "*.name", an IPv4
 * address, or "address:port". */
struct trial_host { char *host, *reason; };

/*
 * Services that outlive a trial: with `reset` one serves tape after tape, and
 * with `ahead` the next one starts while a tape replays.
 */
struct stages;
struct stages *stages_create(void);
/* Ends who is there.  Takes NULL. */
void stages_destroy(struct stages *all);

struct trial_config {
	const struct service_config *service;
	const struct lane_config *lanes;
	size_t nlanes;
	const char *namespace;
	const char *target;		/* --target: no service is started */
	bool by_hand;			/* behind it somebody starts one when
					 * he was told */
	/* What a service behind --target should know of mocks, keys and data;
	 * by the time that it is to be used.  NULL: nobody is told. */
	void (*told)(void *arg, struct env *vars);
	void *told_arg;
	const struct state_config *state;	/* stores that tapes bring */
	size_t nstate;
	struct replay_options replay;
	enum isolation_mode isolation;
	char **reach;			/* host:port …, NULL-terminated; NULL */
	const struct trial_host *allowed;	/* wanted in vain: a note only */
	size_t nallowed;
	bool recorded_clock;		/* the service sees the tape's time */
	struct scrub *scrub;
	const struct secrets_config *secrets;	/* NULL: none */
	unsigned retries;		/* of errors */
	unsigned repeat;		/* --repeat: exactly so many, 0: as needed */
	struct stages *stages;		/* NULL: nothing outlives a trial */
	bool ahead;			/* start the next service early */
	const struct tape *next;	/* the tape after this one, with its */
	const struct plan *next_plan;	/* plan; lives until it was tried.
					 * NULL: not known */
	const struct clock *clock;
	const volatile int *stop;	/* set by a signal: give up between steps */
	struct trial_learned *learned;	/* filled by trial_verify(); NULL */
};

/* One tape, to its verdict. Texts of *out live in `a`. Returns -1 only when
 * nothing could be said at all (internal). */
int trial_run(const struct trial_config *cfg, const struct tape *t,
	      const struct plan *p, struct arena *a, struct tape_result *out,
	      struct err *e);
/* k of n: how often the recorded failure came again (for `reproduces`). */
int trial_verify(const struct trial_config *cfg, const struct tape *t,
		 const struct plan *p, unsigned n, unsigned *hits,
		 struct arena *a, struct tape_result *out, struct err *e);

#endif
