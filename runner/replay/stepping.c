/* Steps in a stage of their own (see stepping.h). */
#include <dvr/replay/stepping.h>

#include "mint.h"
#include "stage.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* A breakpoint holds an answer back for as long as a person thinks. */
#define PATIENCE_NS (24 * 3600 * NS_PER_S)

struct stepping {
	struct trial_config cfg;
	struct stages stages;
	struct stage *stage;
	struct replay *replay;
};

int
stepping_open(const struct trial_config *cfg, const struct tape *t,
	      const struct plan *p, struct stepping **out, struct err *e)
{
	struct stepping *s = mem_alloc(sizeof(*s));
	const struct attempt how = { .cfg = &s->cfg, .tape = t, .plan = p,
		.stages = &s->stages };
	struct tls_trust_config trust;
	struct replay_options o;

	s->cfg = *cfg;
	s->cfg.replay.timeout_ns = s->cfg.replay.margin_ns = PATIENCE_NS;
	s->cfg.replay.holds = false;
	if (stage_open(&how, &s->stage, e) != 0)
		goto fail;
	stage_options(s->stage, &trust, &o);
	if (replay_create(s->stage->loop, t, p, s->stage->mocks, &o,
			  &s->replay, e) != 0)
		goto fail;
	*out = s;
	return 0;
fail:
	stepping_close(s);
	return -1;
}

struct loop *
stepping_loop(const struct stepping *s)
{
	return s->stage->loop;
}

bool
stepping_is_blind(const struct stepping *s)
{
	return replay_is_blind(s->replay);
}

int
stepping_next(struct stepping *s, const struct exchange **recorded,
	      const struct observed_exchange **seen, struct err *e)
{
	return replay_step(s->replay, recorded, seen, e);
}

void
stepping_close(struct stepping *s)
{
	if (s == NULL)
		return;
	replay_destroy(s->replay);
	stage_close(s->stage);
	mint_destroy(s->stages.mint);
	free(s);
}
