/*
 * Where and when a replay's service lives: a network of its own or the
 * machine's, what it may reach from there, and the wall clock it sees.
 */
#ifndef REPLAY_SURROUNDINGS_H
#define REPLAY_SURROUNDINGS_H

#include <dvr/replay/trial.h>
#include <dvr/service/reach.h>

#define SURROUNDINGS_RESET_MAX 1100

struct surroundings {
	struct isolation *isolation;	/* NULL: none */
	struct reach *reach;
	struct err refused;		/* why there is no isolation */
	uint64_t ready_by_ns;		/* when the recorded time begins; 0:
					 * whenever it is ready */
	char reset[SURROUNDINGS_RESET_MAX];	/* what became of the service's
						 * reset, raw, or "" */
	bool blind;			/* the service's certificate was not
					 * verified */
	uint64_t late_ns;		/* it was ready that much later */
};

/* Before mocks and service.  *out is valid, for surroundings_down(), also
 * after a failure. */
int surroundings_up(const struct trial_config *cfg, struct loop *l,
		    struct surroundings *out, struct err *e);
/* The service's clock, just before it is started with `env`. */
int surroundings_clock(const struct trial_config *cfg, const struct tape *t,
		       struct surroundings *s, struct env *env,
		       struct err *e);
/* Waits until the service's clock says what the recorded one said. */
int surroundings_wait(struct surroundings *s, struct loop *l, struct err *e);
/* Adds to the replay's notes; raw.  `service` may be NULL. */
void surroundings_tell(const struct trial_config *cfg,
		       struct surroundings *s, const struct service *service,
		       struct observed *seen);
/* After the service and the mocks. */
void surroundings_down(struct surroundings *s);

#endif
