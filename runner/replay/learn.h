/* Keeps what replays saw, raw, until it is compared (private to trial.c). */
#ifndef REPLAY_LEARN_H
#define REPLAY_LEARN_H

#include <dvr/replay/trial.h>

/* Three replays tell noise from a value well enough; more cost memory. */
#define LEARN_REPLAYS 3

struct learn {
	const struct trial_config *cfg;
	const struct tape *tape;
	const struct plan *plan;
	struct arena *arena;		/* of the masks */
	struct observed kept[LEARN_REPLAYS];
	size_t n;
};

/* Where the next replay's sights go; NULL: they are not wanted. */
struct observed *learn_slot(struct learn *l);
/* Compares, fills cfg->learned, wipes. */
void learn_end(struct learn *l);

#endif
