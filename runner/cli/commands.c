/* Which commands there are. */
#include "commands.h"

#include <string.h>

const struct command *const commands[] = {
	&cmd_init,   &cmd_run,	  &cmd_record, &cmd_regress, &cmd_replay,
	&cmd_review, &cmd_accept, &cmd_update, &cmd_quarantine, &cmd_retire,
	&cmd_show,   &cmd_ls,	  &cmd_diff,   &cmd_verify,  &cmd_scrub,
	&cmd_shard,  &cmd_merge,
	&cmd_doctor, &cmd_completion, &cmd_manual, NULL,
};

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}
