/* Step mode: the dvr> prompt over a tape and a running service. */
#ifndef CLI_STEP_H
#define CLI_STEP_H

#include "command.h"

int step_session(const struct args *args, struct config *c, struct err *e);

#endif
