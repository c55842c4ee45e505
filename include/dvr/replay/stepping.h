/*
 * A tape that a person steps through, in the surroundings of any other replay:
 * mocks, keys, secrets, data.  The service is trial_config.target, and what it
 * must know is told by trial_config.told before the first step.
 */
#ifndef DVR_REPLAY_STEPPING_H
#define DVR_REPLAY_STEPPING_H

#include <dvr/replay/trial.h>

struct stepping;

/* `cfg`, tape and plan must outlive it. */
int stepping_open(const struct trial_config *cfg, const struct tape *t,
		  const struct plan *p, struct stepping **out, struct err *e);
/* Mocks answer while this runs. */
struct loop *stepping_loop(const struct stepping *s);
/* As replay_is_blind(). */
bool stepping_is_blind(const struct stepping *s);
/* As replay_step(). */
int stepping_next(struct stepping *s, const struct exchange **recorded,
		  const struct observed_exchange **seen, struct err *e);
/* Takes NULL. */
void stepping_close(struct stepping *s);

#endif
