/* After a recording: does each new tape reproduce on the same build? */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "recorder.h"
#include "summary.h"

/* Replays every new tape and writes `reproduces` into its replay.yaml. An
 * array by index of ledger_stats.tapes; free() it. */
struct verified *verify_new_tapes(struct recorder *r);

/* The trial's configuration that follows from ours. */
struct trial_config;
void verify_trial_config(const struct config *c, struct scrub *s,
			 struct trial_config *out);

#endif
