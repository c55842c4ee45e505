/* Masks that replays taught, into a tape's plan. */
#ifndef CLI_LEARNED_H
#define CLI_LEARNED_H

#include <dvr/replay/trial.h>

/* One more mask in `a`, unless the field has one. Says whether it came in. */
bool learned_add(struct plan *p, struct arena *a,
		 const struct plan_mask *mask);
/* All of them; returns how many came in. */
unsigned learned_add_all(struct plan *p, struct arena *a,
			 const struct trial_learned *l);

#endif
