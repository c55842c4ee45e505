/* What a service that the user starts himself must be told. */
#ifndef CLI_TOLD_H
#define CLI_TOLD_H

#include <dvr/base/process.h>

/* For trial_config.told: `arg` is a FILE *. */
void told_print(void *arg, struct env *vars);

#endif
