/* Isolation, reach and clock of a replay's service. */
#include "surroundings.h"
#include "unreached.h"

#include <dvr/service/faketime.h>

#include <stdio.h>

/* The recorded time begins this long after the service's start: most are ready
 * by then, and a replay is not much longer for it. */
#define START_UP_NS NS_PER_S
#define NOTES_OWN 8

int
surroundings_up(const struct trial_config *cfg, struct loop *l,
		struct surroundings *out, struct err *e)
{
	*out = (struct surroundings){ .isolation = NULL };
	/* Somebody else's service is where it is. */
	if (cfg->target != NULL || cfg->service->attach != NULL ||
	    cfg->isolation == ISOLATION_NONE)
		return 0;
	if (isolation_create(&out->isolation, &out->refused) != 0) {
		if (cfg->isolation == ISOLATION_AUTO)
			return 0;
		*e = out->refused;
		return err_prefix(e, "replay.isolation: netns");
	}
	if (cfg->reach == NULL)
		return 0;
	return reach_create(l, out->isolation, cfg->reach, &out->reach, e);
}

int
surroundings_clock(const struct trial_config *cfg, const struct tape *t,
		   struct surroundings *s, struct env *env, struct err *e)
{
	char library[FAKETIME_PATH_MAX], q[QUOTE_MAX];
	char **command = cfg->service->command;
	const char *path = env_get(env, "PATH");
	int64_t begin_us;

	if (!cfg->recorded_clock || cfg->target != NULL || command == NULL)
		return 0;
	if (faketime_find(library, e) != 0)
		return -1;
	if (faketime_is_static(command[0], path ? path : ""))
		return err_set(e, ERR_USAGE, "replay.clock: recorded: '%s' is "
			       "linked statically, libfaketime does not reach "
			       "it; set clock: real",
			       quote(slice_str(command[0]), q));
	s->ready_by_ns = clock_mono_ns(cfg->clock) + START_UP_NS;
	begin_us = clock_wall_us(cfg->clock) + (int64_t)(START_UP_NS / 1000);
	faketime_env(env, library, t->recorded_us - begin_us);
	return 0;
}

static void
wake_up(struct loop_timer *t)
{
	bool *awake = t->owner;

	*awake = true;
}

int
surroundings_wait(struct surroundings *s, struct loop *l, struct err *e)
{
	uint64_t now = loop_now_ns(l);
	bool awake = false;
	struct loop_timer t = { .fn = wake_up, .owner = &awake };

	if (s->ready_by_ns == 0)
		return 0;
	if (now >= s->ready_by_ns) {
		s->late_ns = now - s->ready_by_ns;
		return 0;
	}
	loop_timer_set(l, &t, s->ready_by_ns);
	while (!awake) {
		if (loop_once(l, UINT64_MAX, e) != 0) {
			loop_timer_cancel(l, &t);
			return -1;
		}
	}
	return 0;
}

void
surroundings_tell(const struct trial_config *cfg, struct surroundings *s,
		  const struct service *service, struct observed *seen)
{
	struct slice *before = seen->notes;
	size_t n = seen->nnotes;

	seen->notes = arena_array(seen->arena, n + UNREACHED_NOTES + NOTES_OWN,
				  sizeof(*seen->notes));
	for (size_t i = 0; i < n; i++)
		seen->notes[i] = before[i];
	if (s->isolation != NULL)
		n += unreached_tell(cfg, s->isolation, service, seen,
				    seen->notes + n);
	else if (s->refused.code != ERR_NONE)
		seen->notes[n++] = arena_fmt(seen->arena, "not isolated, on a "
			"free port: %s", s->refused.msg);
	if (s->isolation == NULL && cfg->reach != NULL &&
	    cfg->isolation != ISOLATION_NONE && cfg->target == NULL)
		seen->notes[n++] = slice_str("replay.reach has no effect without "
					 "isolation: everything is reached");
	if (s->reset[0] != '\0')
		seen->notes[n++] = arena_copy(seen->arena,
					      slice_str(s->reset));
	/* Of one that we have started nothing else is to be expected. */
	if (s->blind && cfg->target != NULL)
		seen->notes[n++] = arena_fmt(seen->arena, "the certificate of "
			"%s was not verified", cfg->target);
	if (s->late_ns > 0)
		seen->notes[n++] = arena_fmt(seen->arena, "the service was "
			"ready %.2f s later than the recorded clock allows for",
			(double)s->late_ns / (double)NS_PER_S);
	seen->nnotes = n;
}

void
surroundings_down(struct surroundings *s)
{
	reach_destroy(s->reach);
	isolation_destroy(s->isolation);
	*s = (struct surroundings){ .isolation = NULL };
}
