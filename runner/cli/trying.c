/* Sets up trials of single tapes for accept and update. */
#include "trying.h"

#include "date.h"
#include "interrupt.h"
#include "regression.h"
#include "verify.h"

#include <stdlib.h>

static int
find_tapes(struct trying *t, const struct args *args, struct err *e)
{
	if (args->nrest == 0)
		return err_set(e, ERR_USAGE, "%s: which tape? `dvr ls` lists "
			       "them", t->verb);
	if (library_scan(t->cfg.fixtures, &t->lib, e) != 0)
		return -1;
	return library_pick(&t->lib, args->rest, args->nrest, &t->picked,
			    &t->npicked, e);
}

static int
find_build(struct trying *t, const struct args *args, struct err *e)
{
	command_timing(args, &t->cfg);
	t->trial.scrub = command_scrub(&t->cfg, e);
	if (!t->trial.scrub)
		return -1;
	verify_trial_config(&t->cfg, t->trial.scrub, &t->trial);
	t->trial.target = args->value[OPT_TARGET];
	t->trial.stop = interrupt_flag();
	t->trial.stages = stages_create();	/* one service, where it has a
						 * reset */
	interrupt_catch();
	if (t->trial.target || t->cfg.service.command ||
	    t->cfg.service.attach)
		return 0;
	return err_set(e, ERR_USAGE, "%s: no spec.service.command in %s; add "
		       "it, or --target URL", t->verb,
		       t->cfg.path ? t->cfg.path : "a dvr.yaml");
}

int
trying_open(struct trying *t, const struct args *args, bool build,
	    struct err *e)
{
	if (command_config(args, &t->cfg, e) != 0)
		return -1;
	if (find_tapes(t, args, e) == 0 &&
	    (!build || find_build(t, args, e) == 0))
		return 0;
	trying_close(t);
	return -1;
}

void
trying_close(struct trying *t)
{
	stages_destroy(t->trial.stages);
	if (t->trial.scrub)
		scrub_destroy(t->trial.scrub);
	free(t->picked);
	library_release(&t->lib);
	config_release(&t->cfg);
}

int
trying_begin(struct trying *t, size_t i, struct err *e)
{
	t->dir = t->picked[i]->dir;
	t->arena = arena_create();
	if (library_read(t->dir, &t->tape, &t->plan, e) == 0 &&
	    plan_check(&t->plan, &t->tape, t->dir, e) == 0 &&
	    regression_stubs(&t->cfg, &t->tape, &t->plan, t->dir, e) == 0) {
		descriptors_name_again(&t->cfg.descriptors, &t->tape);
		return 0;
	}
	trying_end(t);
	return -1;
}

void
trying_end(struct trying *t)
{
	if (t->tape.arena)
		tape_release(&t->tape);
	t->tape.arena = NULL;
	arena_destroy(t->arena);
	t->arena = NULL;
}

int
trying_run(struct trying *t, unsigned repeat, struct tape_result *r,
	   struct err *e)
{
	struct plan p = t->plan;

	regression_masks(&t->cfg, t->arena, &p);
	t->trial.repeat = repeat;
	*r = (struct tape_result){ 0 };
	if (trial_run(&t->trial, &t->tape, &p, t->arena, r, e) != 0)
		return -1;
	if (*interrupt_flag())
		return err_set(e, ERR_MISMATCH, "%s: interrupted; nothing "
			       "was changed", t->verb);
	if (r->nreplays == 0)
		return err_set(e, ERR_TARGET, "%s: %.*s", t->verb,
			       SLICE_ARG(r->reason));
	return 0;
}

struct slice
trying_today(const struct trying *t)
{
	char today[DATE_MAX];

	date_today(today);
	return arena_copy(t->arena, slice_str(today));
}

void
trying_pin(struct trying *t, uint32_t exchange, const struct outcome *got)
{
	struct plan *p = &t->plan;
	struct plan_pin *pins = arena_array(t->arena, p->npins + 1,
					    sizeof(*pins));
	size_t n = 0;

	for (size_t i = 0; i < p->npins; i++)
		if (p->pins[i].exchange != exchange)
			pins[n++] = p->pins[i];
	pins[n++] = (struct plan_pin){ .exchange = exchange,
		.status = got->status,
		.has_grpc = got->is_grpc, .grpc = got->grpc,
		.has_close = got->is_socket, .close = got->close,
		.accepted = trying_today(t) };
	p->pins = pins;
	p->npins = n;
}
