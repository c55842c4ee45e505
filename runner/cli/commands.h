/* The table of commands: help, the manual and completion follow from it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "command.h"

/* In the order of their use; ends with NULL. */
extern const struct command *const commands[];

/* NULL when there is none. */
const struct command *command_find(const char *name);

#endif
